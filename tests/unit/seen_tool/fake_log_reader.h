// One partition that is read: its records, and where its ends are.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kafka/client.h"

namespace semel::testing {

class FakeLogReader final : public kafka::LogReader {
 public:
  struct Stored {
    kafka::Offset offset = 0;
    std::string value;
  };

  std::vector<Stored> records;
  kafka::Watermarks marks;
  int reads_until_stable = 0;  ///< then nothing is open any more
  std::int64_t append_ms = 0;  ///< of every record

  Result<std::map<kafka::Partition, kafka::CommittedOffset>> Committed(
      std::span<const kafka::Partition> /*partitions*/, kafka::Milliseconds /*timeout*/) override {
    return std::map<kafka::Partition, kafka::CommittedOffset>();
  }
  Result<kafka::Watermarks> Marks(const std::string& /*topic*/, kafka::Partition /*partition*/,
                                  kafka::Milliseconds /*timeout*/) override {
    Settle();
    return marks;
  }
  Result<kafka::Offset> OffsetAt(const std::string& /*topic*/, kafka::Partition /*partition*/,
                                 std::int64_t /*time_ms*/,
                                 kafka::Milliseconds /*timeout*/) override {
    return marks.low;
  }
  Result<void> Open(const std::string& /*topic*/, kafka::Partition /*partition*/,
                    kafka::Offset from) override {
    next_ = from;
    end_told_.reset();
    return {};
  }
  Result<kafka::LogSlice> Read(kafka::Milliseconds /*timeout*/,
                               std::size_t /*max_bytes*/) override {
    Settle();
    kafka::LogSlice slice;
    for (const Stored& record : records) {
      if (record.offset < next_ || record.offset >= marks.last_stable) continue;
      slice.records.push_back({record.offset, append_ms, record.value});
      next_ = record.offset + 1;
    }
    if (end_told_ != marks.last_stable) slice.end = end_told_ = marks.last_stable;
    return slice;
  }
  void Close() override {}
  Result<std::optional<std::string>> PeekUncommitted(const std::string& /*topic*/,
                                                     kafka::Partition /*partition*/,
                                                     kafka::Offset /*from*/,
                                                     kafka::Milliseconds /*timeout*/) override {
    return std::optional<std::string>();
  }

 private:
  void Settle() {
    if (reads_until_stable-- == 0) marks.last_stable = marks.high;
  }

  kafka::Offset next_ = 0;
  std::optional<kafka::Offset> end_told_;
};

}  // namespace semel::testing
