#include "consume_unique.h"

#include "semel/unique_consumer.h"

namespace semel::app {
namespace {

constexpr std::chrono::milliseconds kLookUpEvery{100};

Result<UniqueConsumerOptions> OptionsOf(const ConsumeJob& job, const KeyRule& key,
                                        const pipeline::Accepted& accepted) {
  if (job.topics.size() != 1 || job.topics.front().starts_with('^') || job.partition)
    return Error{Action::kFix, "--unique reads one topic, all of it: what was seen of it is kept"};
  if (job.consumer.group.empty())
    return Error{Action::kFix, "--unique needs --group: what was seen is kept in <group>.seen"};
  const Place::Kind start = job.consumer.start.kind;
  if (start != Place::Kind::kBeginning && start != Place::Kind::kEnd)
    return Error{Action::kFix, "--unique begins at the beginning or the end: --from"};
  if (job.consumer.read_uncommitted) return Error{Action::kFix, "--unique reads what is committed"};
  UniqueConsumerOptions options;
  options.brokers = job.consumer.brokers;
  options.properties = job.consumer.properties;
  options.topic = job.topics.front();
  options.group = job.consumer.group;
  options.key = key;
  options.from_beginning = start == Place::Kind::kBeginning;
  options.accept_gap = accepted.gap;
  options.accept_new_rule = accepted.new_rule;
  options.accept_new_partitions = accepted.partitions;
  options.log = job.consumer.log;
  return options;
}

}  // namespace

Result<void> ConsumeUnique(const ConsumeJob& job, const KeyRule& key,
                           const pipeline::Accepted& accepted, MessageOutput& output,
                           const std::stop_token& stop) {
  SEMEL_TRY_ASSIGN(UniqueConsumerOptions options, OptionsOf(job, key, accepted));
  SEMEL_TRY_ASSIGN(const auto consumer, UniqueConsumer::Open(std::move(options)));
  const std::stop_callback end(stop, [&] { consumer->Stop(); });
  while (!stop.stop_requested() && output.written() < job.count &&
         !(job.until_end && consumer->AtEnd())) {
    SEMEL_TRY_ASSIGN(const auto message, consumer->Poll(kLookUpEvery));
    if (!message) continue;
    output.Add(*message);
    // Before the next Poll, which may commit it; what was not written is not committed.
    SEMEL_TRY_ASSIGN(const bool wanted, output.Flush());
    if (!wanted) return {};
  }
  return consumer->Close();
}

}  // namespace semel::app
