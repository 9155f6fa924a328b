// Offsets and changelog reading on librdkafka: two consumers that never join the group. One is
// read_committed: its view of the group's offsets is stable, and the end it sees is the last stable
// offset. The other is read_uncommitted, for the high watermark and for peeking: librdkafka's
// offset queries obey the isolation level of the client that asks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kafka/client.h"
#include "kafka/instance.h"

namespace semel::kafka {

struct LogReaderOptions {
  std::string group;
  std::string input_topic;
};

class RdkafkaLogReader final : public LogReader {
 public:
  static Result<std::unique_ptr<RdkafkaLogReader>> Open(const ClientSettings& settings,
                                                        LogReaderOptions options, Logger& logger);

  Result<std::map<Partition, CommittedOffset>> Committed(std::span<const Partition> partitions,
                                                         Milliseconds timeout) override;
  Result<Watermarks> Marks(const std::string& topic, Partition partition,
                           Milliseconds timeout) override;
  Result<Offset> OffsetAt(const std::string& topic, Partition partition, std::int64_t time_ms,
                          Milliseconds timeout) override;
  Result<void> Open(const std::string& topic, Partition partition, Offset from) override;
  Result<LogSlice> Read(Milliseconds timeout, std::size_t max_bytes) override;
  void Close() override;
  Result<std::optional<std::string>> PeekUncommitted(const std::string& topic, Partition partition,
                                                     Offset from, Milliseconds timeout) override;

 private:
  explicit RdkafkaLogReader(LogReaderOptions options) : options_(std::move(options)) {}
  static Result<void> Assign(const Instance& instance, const std::string& topic,
                             Partition partition, Offset from);
  /// False for news that do not concern the open partition, or pass.
  Result<bool> Take(MessagePtr message, LogSlice& slice);

  LogReaderOptions options_;
  std::unique_ptr<Instance> committed_;
  std::unique_ptr<Instance> uncommitted_;
  std::string topic_;  // of the open partition
  Partition partition_ = -1;
  Offset next_ = 0;
  std::vector<MessagePtr> messages_;  // that the last slice refers to
};

}  // namespace semel::kafka
