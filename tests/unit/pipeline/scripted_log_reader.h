// The reader of offsets and changelogs of a ScriptedKafka.
#pragma once

#include "scripted_kafka.h"

namespace semel::testing {

class ScriptedLogReader final : public kafka::LogReader {
 public:
  explicit ScriptedLogReader(ScriptedKafka& kafka) : kafka_(kafka) {}

  Result<std::map<kafka::Partition, kafka::CommittedOffset>> Committed(
      std::span<const kafka::Partition> partitions, kafka::Milliseconds timeout) override;
  Result<kafka::Watermarks> Marks(const std::string& topic, kafka::Partition partition,
                                  kafka::Milliseconds timeout) override;
  Result<kafka::Offset> OffsetAt(const std::string& topic, kafka::Partition partition,
                                 std::int64_t time_ms, kafka::Milliseconds timeout) override;
  Result<void> Open(const std::string& topic, kafka::Partition partition,
                    kafka::Offset from) override;
  Result<kafka::LogSlice> Read(kafka::Milliseconds timeout, std::size_t max_bytes) override;
  void Close() override { open_.reset(); }
  Result<std::optional<std::string>> PeekUncommitted(const std::string& topic,
                                                     kafka::Partition partition, kafka::Offset from,
                                                     kafka::Milliseconds timeout) override;

 private:
  struct Opened {
    std::string topic;
    kafka::Partition partition = 0;
    kafka::Offset next = 0;
    std::optional<kafka::Offset> end_told;  ///< Kafka tells an end once, until it moves
  };

  /// Enter for calls that wait: an error to try again comes after the time-out.
  Result<void> Ask(Call call, const std::string& text, kafka::Milliseconds timeout);

  ScriptedKafka& kafka_;
  std::optional<Opened> open_;
  std::vector<std::string> values_;  ///< what the last slice refers to
};

}  // namespace semel::testing
