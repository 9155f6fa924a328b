// What one partition's output says of what was seen: the records are judged again, in their order.
// Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "semel/fingerprint.h"
#include "semel/record.h"
#include "semel/seen_set.h"

namespace semel::seen_tool {

struct OutputRule {
  std::string from;  ///< the input: duplicates are marked with its name
  std::chrono::milliseconds window{0};
  bool judge_missing = false;  ///< --on-missing dedup
  /// What stands for the clock of the first decision, which left no trace.
  std::int64_t clock_ms = 0;
};

struct OutputCounts {
  std::uint64_t records = 0;
  std::uint64_t missing = 0;  ///< a part of the key is absent; 0 where they are judged
  std::uint64_t invalid = 0;
  std::uint64_t marked = 0;  ///< forwarded duplicates
};

class OutputReplay {
 public:
  /// Both outlive it.
  OutputReplay(const OutputRule& rule, Fingerprinter& fingerprinter);

  /// The next records of the partition.
  Result<void> Take(std::span<const Record> records);

  /// What is remembered after them, by output offset.
  std::vector<Sighting> Entries() const;
  std::int64_t stream_time_ms() const { return seen_->stream_time_ms(); }
  const OutputCounts& counts() const { return counts_; }

 private:
  Result<void> Judge(const Record& record, Stage& stage);

  const OutputRule& rule_;
  Fingerprinter& fingerprinter_;
  std::unique_ptr<SeenSet> seen_;
  OutputCounts counts_;
};

}  // namespace semel::seen_tool
