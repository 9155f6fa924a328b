// One partition of a topic as a broker keeps it: records that are open, committed or aborted, and
// the markers that decide them, each of which takes an offset.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kafka/client.h"

namespace semel::testing {

struct StoredHeader {
  std::string name;
  std::optional<std::string> value;
  bool operator==(const StoredHeader&) const = default;
};

struct StoredRecord {
  enum class State : std::uint8_t { kOpen, kCommitted, kAborted, kMarker };
  State state = State::kCommitted;
  std::int64_t time_ms = -1;
  std::optional<std::string> key{};
  std::optional<std::string> value{};
  std::vector<StoredHeader> headers{};
};

/// Threads: one, as for everything in these fakes.
class FakeLog {
 public:
  kafka::Offset Append(StoredRecord record);

  /// Ends the transaction that wrote `offsets`: decides them and appends the marker.
  void Decide(const std::vector<kafka::Offset>& offsets, StoredRecord::State state);

  /// Forgets everything before `offset`, as retention does.
  void RemoveBefore(kafka::Offset offset) { low_ = std::max(low_, offset); }
  /// A topic that was deleted and made anew.
  void Recreate() { *this = FakeLog(); }

  kafka::Offset low() const { return low_; }
  kafka::Offset high() const { return static_cast<kafka::Offset>(records_.size()); }
  kafka::Offset last_stable() const { return open_.empty() ? high() : *open_.begin(); }
  const StoredRecord& at(kafka::Offset offset) const {
    return records_.at(static_cast<std::size_t>(offset));
  }
  bool Visible(kafka::Offset offset) const {
    return offset >= low_ && offset < last_stable() &&
           at(offset).state == StoredRecord::State::kCommitted;
  }

  /// Everything that a read_committed reader sees, from the first record that still exists.
  std::vector<std::pair<kafka::Offset, const StoredRecord*>> ReadCommitted() const;
  std::vector<std::string> Values() const;

 private:
  std::vector<StoredRecord> records_;
  std::set<kafka::Offset> open_;
  kafka::Offset low_ = 0;
};

}  // namespace semel::testing
