// kafka::LogReader as librdkafka and RdkafkaLogReader are together.
#pragma once

#include <memory>

#include "fetcher.h"

namespace semel::simulation {

class LogReader final : public kafka::LogReader {
 public:
  explicit LogReader(const ClientParts& parts);

  Result<std::map<kafka::Partition, kafka::CommittedOffset>> Committed(
      std::span<const kafka::Partition> partitions, kafka::Milliseconds timeout) override;
  Result<kafka::Watermarks> Marks(const std::string& topic, kafka::Partition partition,
                                  kafka::Milliseconds timeout) override;
  Result<kafka::Offset> OffsetAt(const std::string& topic, kafka::Partition partition,
                                 std::int64_t time_ms, kafka::Milliseconds timeout) override;
  Result<void> Open(const std::string& topic, kafka::Partition partition,
                    kafka::Offset from) override;
  Result<kafka::LogSlice> Read(kafka::Milliseconds timeout, std::size_t max_bytes) override;
  void Close() override;
  Result<std::optional<std::string>> PeekUncommitted(const std::string& topic,
                                                     kafka::Partition partition, kafka::Offset from,
                                                     kafka::Milliseconds timeout) override;

 private:
  Result<Ends> Query(const TopicPartition& where, bool read_committed, Time deadline);
  template <typename Answer>
  Result<Answer> AskLeader(const TopicPartition& where, const char* api, Time deadline,
                           std::function<void(BrokerId, std::function<void(Answer)>)> serve);

  ClientParts parts_;
  Channels channels_;
  std::shared_ptr<Channel> group_;
  Fetcher committed_;
  Fetcher uncommitted_;
  std::optional<TopicPartition> open_;
};

}  // namespace semel::simulation
