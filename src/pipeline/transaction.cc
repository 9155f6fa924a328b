#include "pipeline/transaction.h"

#include "pipeline/commit_metadata.h"

namespace semel::pipeline {

PartitionWork& Transaction::Work(PartitionState& state, std::uint64_t ownership) {
  const auto [found, inserted] = works_.try_emplace(state.partition);
  PartitionWork& work = found->second;
  if (inserted) {
    work.state = &state;
    work.ownership = ownership;
    work.stage = state.seen->Begin();
    work.next = state.committed;
  }
  return work;
}

void Transaction::Keep(std::unique_ptr<kafka::Batch> batch) {
  if (records_ == 0) first_ = {batch->records().front().partition, batch->records().front().offset};
  records_ += batch->records().size();
  bytes_ += batch->bytes();
  batches_.push_back(std::move(batch));
}

Result<void> Transaction::ProduceChangelog(const std::string& transactional_id,
                                           kafka::TransactionalProducer& producer) {
  std::vector<std::string> packed;
  for (const auto& [partition, work] : works_) {
    const PartitionState& state = *work.state;
    const ChangelogRecord whole{.epoch = state.changelog.epoch,
                                .rule = state.changelog.rule,
                                .transactional_id = transactional_id,
                                .partition = partition,
                                .begin = state.committed,
                                .end = work.next,
                                .stream_time_ms = work.stage->stream_time_ms(),
                                .previous_append_ms = state.changelog.last_append_ms,
                                .rewinds = state.rewinds,
                                .skips = state.skips};
    packed.clear();
    PackChangelog(whole, state.seen->durable() ? std::span<const Sighting>() : work.stage->fresh(),
                  packed);
    for (std::string& bytes : packed) {
      log_partitions_.push_back(partition);
      SEMEL_TRY(producer.Produce({.topic = kChangelogTopic,
                                  .partition = partition,
                                  .value = Keep(std::move(bytes)),
                                  .tag = log_partitions_.size()}));
    }
  }
  return {};
}

void Transaction::Landed(std::span<const kafka::Delivered> delivered) {
  for (const kafka::Delivered& record : delivered) {
    PartitionWork& work = works_.at(log_partitions_.at(record.tag - 1));
    if (work.first_log < 0 || record.offset < work.first_log) work.first_log = record.offset;
    if (record.offset > work.last_log.offset) work.last_log = record;
  }
  for (const auto& [partition, work] : works_) {
    auto& end = work.state->changelog.unproven_end;
    if (end == work.first_log) end.reset();
    overtaken_ |= end.has_value();
  }
}

std::map<kafka::Partition, kafka::CommittedOffset> Transaction::Offsets(
    std::int32_t input_partitions) const {
  std::map<kafka::Partition, kafka::CommittedOffset> offsets;
  for (const auto& [partition, work] : works_) {
    offsets[partition].offset = work.next;
    if (work.last_log.offset < 0) continue;
    offsets[partition].metadata = FormatCommitMetadata({.changelog_offset = work.last_log.offset,
                                                        .append_ms = work.last_log.append_time_ms,
                                                        .input_partitions = input_partitions});
  }
  return offsets;
}

void Transaction::Confirm() {
  for (auto& [partition, work] : works_) {
    PartitionState& state = *work.state;
    state.unsaved += work.stage->fresh().size();
    work.stage->Confirm();
    work.stage.reset();
    state.changelog.next = work.last_log.offset + 1;
    state.changelog.last = work.last_log.offset;
    state.changelog.last_append_ms = work.last_log.append_time_ms;
    state.changelog.covered = work.next;
    state.committed = work.next;
    state.has_committed = true;
    state.rewinds = state.skips = state.owes_commit = false;
    state.AccountMemory();
  }
}

}  // namespace semel::pipeline
