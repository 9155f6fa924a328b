// What a check found.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace semel::prove {

enum class Violation : std::uint8_t {
  kLost,              ///< an event that should have come out did not
  kDuplicated,        ///< more than one copy of an event came out
  kWrongCopy,         ///< one copy came out, but not the first
  kAltered,           ///< key, value, headers, timestamp or mark differ
  kOutOfOrder,        ///< against the input's order, or in another partition
  kUnexpected,        ///< came out, and is none of the input or was to be dropped
  kUndecided,         ///< an open transaction hides the end of the output
  kInputChanged,      ///< the input is not what was acknowledged
  kChangelogMissing,  ///< a unique event came out and is not in the changelog
  kChangelogExtra,    ///< in the changelog twice, or without output
  kChangelogDiffers,  ///< fingerprint or time of an entry is not the event's
  kChangelogRange,    ///< ranges with a gap or an overlap, or not up to the end
  kUncommitted,       ///< the group's offset is not the end of the input
};

inline constexpr std::size_t kViolations = 13;

/// As reports name it: "out of order".
std::string_view Name(Violation violation);

struct Counts {
  std::uint64_t read = 0;
  std::uint64_t unique = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t missing = 0;
  std::uint64_t invalid = 0;
  std::uint64_t late = 0;
  std::uint64_t written = 0;  ///< records of the output
  std::uint64_t changelog_records = 0;
  std::uint64_t changelog_entries = 0;
  std::uint64_t not_in_truth = 0;  ///< of the input; judged all the same
};

class Report {
 public:
  /// `text` says where: topic, partition, offset. The first few of each kind are kept.
  void Add(Violation violation, std::string text);

  std::uint64_t count(Violation violation) const;
  const std::vector<std::string>& examples(Violation violation) const;
  std::uint64_t violations() const;
  bool passed() const { return violations() == 0; }

  Counts counts;

 private:
  struct Found {
    std::uint64_t count = 0;
    std::vector<std::string> examples;
  };
  std::array<Found, kViolations> found_;
};

/// A table of counts, the examples, and a verdict line.
std::string ToText(const Report& report);

/// One JSON object on one line.
std::string ToJson(const Report& report);

}  // namespace semel::prove
