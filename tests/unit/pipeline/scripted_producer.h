// The transactional producer of a ScriptedKafka.
#pragma once

#include "scripted_kafka.h"

namespace semel::testing {

class ScriptedProducer final : public kafka::TransactionalProducer {
 public:
  explicit ScriptedProducer(ScriptedKafka& kafka) : kafka_(kafka) { kafka.producers.insert(this); }
  ~ScriptedProducer() override;

  Result<void> Init(kafka::Milliseconds timeout) override;
  Result<void> Begin() override;
  Result<void> Produce(const kafka::OutgoingRecord& record) override;
  void Serve() override { Send(); }
  Result<std::vector<kafka::Delivered>> Flush(kafka::Milliseconds timeout) override;
  Result<void> SendOffsets(const std::map<kafka::Partition, kafka::CommittedOffset>& offsets,
                           const kafka::GroupToken& token, kafka::Milliseconds timeout) override;
  kafka::CommitResult Commit(kafka::Milliseconds timeout) override;
  bool tainted() const override { return tainted_; }

  /// It may still read the memory at `begin`, `size` bytes of it.
  bool RefersTo(const char* begin, std::size_t size) const;
  /// Its open transaction holds something of this input partition.
  bool HasOpen(kafka::Partition partition) const;

 private:
  enum class Phase : std::uint8_t { kNew, kReady, kOpen, kFlushed, kOffsetsSent, kFailed };

  /// A record as it was given, with a copy of what its memory held then.
  struct Queued {
    kafka::OutgoingRecord given;
    StoredRecord copy;
    bool sent = false;
  };

  Error Failed(Error error);
  bool Expect(Phase phase, const char* call);
  bool Fenced() const { return !kafka_.broker.Current(epoch_); }
  Error FencedError() const;
  void Send();
  void CheckMemory() const;

  ScriptedKafka& kafka_;
  ProducerEpoch epoch_;
  Phase phase_ = Phase::kNew;
  bool tainted_ = false;
  std::vector<Queued> queued_;
  std::vector<kafka::Delivered> delivered_;
};

}  // namespace semel::testing
