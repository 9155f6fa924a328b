#include "consume_modes.h"

#include <algorithm>

#include "semel/batch_consumer.h"
#include "semel/push_consumer.h"
#include "semel/single_consumer.h"

namespace semel::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kLookUpEvery{100};
constexpr seconds kCommitEvery{1};
constexpr seconds kWithin{30};
constexpr std::size_t kBatch = 1000;

/// Pulls, writes, and commits once a second what was written.
class Puller {
 public:
  Puller(ConsumeJob job, MessageOutput& output) : job_(std::move(job)), output_(output) {}

  Result<void> Run(const std::stop_token& stop) {
    SEMEL_TRY(Open());
    const std::stop_callback wake(stop, [this] { consumer_->Wake(); });
    Result<void> done = Loop(stop);
    if (const auto committed = Commit(written_); done && !committed) done = committed;
    const auto left = consumer_->Close(seconds{5});
    return done ? left : done;
  }

 private:
  Result<void> Open() {
    const bool grouped = !job_.consumer.group.empty();
    if (grouped) {
      job_.consumer.on_revoked = [this](const auto& partitions) { GiveBack(partitions, true); };
      job_.consumer.on_lost = [this](const auto& partitions) { GiveBack(partitions, false); };
    }
    SEMEL_TRY_ASSIGN(Consumer opened, Consumer::Open(job_.consumer));
    consumer_.emplace(std::move(opened));
    if (grouped && !job_.partition) return consumer_->Subscribe(job_.topics);
    std::map<TopicPartition, Place> places;
    for (const std::string& topic : job_.topics) {
      SEMEL_TRY_ASSIGN(const std::int32_t count, consumer_->PartitionCount(topic, kWithin));
      if (job_.partition && *job_.partition >= count)
        return Error{Action::kFix, "--partition " + std::to_string(*job_.partition) + ": " + topic +
                                       " has " + std::to_string(count)};
      for (std::int32_t i = 0; i < count; ++i)
        if (job_.partition.value_or(i) == i) places[{topic, i}] = Place::Committed();
    }
    return consumer_->Assign(places, kWithin);
  }

  Result<void> Loop(const std::stop_token& stop) {
    while (!stop.stop_requested() && output_.written() < job_.count &&
           !(job_.until_end && consumer_->AtEnd())) {
      const auto most = std::min<std::uint64_t>(kBatch, job_.count - output_.written());
      SEMEL_TRY_ASSIGN(const auto messages, consumer_->PollBatch(most, kLookUpEvery));
      for (const Message& message : messages) output_.Add(message);
      SEMEL_TRY_ASSIGN(const bool wanted, output_.Flush());
      if (!wanted) return {};
      written_ = consumer_->Positions();
      SEMEL_TRY(CommitSometimes());
    }
    return {};
  }

  Result<void> CommitSometimes() {
    const auto now = std::chrono::steady_clock::now();
    if (job_.consumer.group.empty() || written_ == committed_ || now - last_commit_ < kCommitEvery)
      return {};
    last_commit_ = now;
    committed_ = written_;
    return consumer_->CommitAsync(written_);
  }

  Result<void> Commit(const Offsets& offsets) {
    if (job_.consumer.group.empty() || offsets.empty()) return {};
    return consumer_->Commit(offsets, kWithin);
  }

  // All that was handed out was written: batches are not begun before the last one is out.
  void GiveBack(const std::vector<TopicPartition>& partitions, bool commit) {
    Offsets offsets;
    for (const TopicPartition& partition : partitions)
      if (auto found = written_.extract(partition); !found.empty())
        offsets.insert(std::move(found));
    if (commit) static_cast<void>(Commit(offsets));  // what is not committed comes again
  }

  ConsumeJob job_;
  MessageOutput& output_;
  std::optional<Consumer> consumer_;
  Offsets written_;
  Offsets committed_;
  std::chrono::steady_clock::time_point last_commit_;
};

/// What the three modes with a handler do with a message.
class Writer {
 public:
  Writer(const ConsumeJob& job, MessageOutput& output) : count_(job.count), output_(output) {}

  /// True: go on.
  Result<bool> Write(std::span<const Message> messages) {
    for (const Message& message : messages) output_.Add(message);
    SEMEL_TRY_ASSIGN(const bool wanted, output_.Flush());
    closed_ = !wanted;
    // Only what was written counts as handled.
    if (closed_) return Error{Action::kFail, "the reader closed the pipe"};
    return output_.written() < count_;
  }

  Result<void> End(Result<void> result) const { return closed_ ? Result<void>() : result; }

 private:
  const std::uint64_t count_;
  MessageOutput& output_;
  bool closed_ = false;
};

HandlerOptions OptionsOf(const ConsumeJob& job) {
  HandlerOptions options;
  options.topics = job.topics;
  options.until_end = job.until_end;
  return options;
}

Result<void> Single(const ConsumeJob& job, MessageOutput& output, const std::stop_token& stop) {
  SEMEL_TRY_ASSIGN(const auto consumer, SingleConsumer::Open(job.consumer, OptionsOf(job)));
  const std::stop_callback end(stop, [&] { consumer->Stop(); });
  Writer writer(job, output);
  return writer.End(consumer->Run([&](const Message& message) -> Result<void> {
    SEMEL_TRY_ASSIGN(const bool more, writer.Write({&message, 1}));
    if (!more) consumer->Stop();
    return {};
  }));
}

Result<void> Batch(const ConsumeJob& job, MessageOutput& output, const std::stop_token& stop) {
  SEMEL_TRY_ASSIGN(const auto consumer, BatchConsumer::Open(job.consumer, OptionsOf(job)));
  const std::stop_callback end(stop, [&] { consumer->Stop(); });
  Writer writer(job, output);
  return writer.End(consumer->Run([&](std::span<const Message> messages) -> Result<void> {
    SEMEL_TRY_ASSIGN(const bool more, writer.Write(messages));
    if (!more) consumer->Stop();
    return {};
  }));
}

Result<void> Push(const ConsumeJob& job, MessageOutput& output, const std::stop_token& stop) {
  SEMEL_TRY_ASSIGN(const auto consumer, PushConsumer::Open(job.consumer, OptionsOf(job)));
  const std::stop_callback end(stop, [&] { consumer->Stop(); });
  Writer writer(job, output);
  SEMEL_TRY(consumer->Start([&](const Message& message) -> Result<void> {
    SEMEL_TRY_ASSIGN(const bool more, writer.Write({&message, 1}));
    if (!more) consumer->Stop();
    return {};
  }));
  return writer.End(consumer->Wait());
}

// A member of a group would wait until somebody makes it.
Result<void> CheckTopics(ConsumerOptions options, const std::vector<std::string>& topics) {
  options.group.clear();
  SEMEL_TRY_ASSIGN(Consumer consumer, Consumer::Open(std::move(options)));
  for (const std::string& topic : topics)
    if (!topic.starts_with('^')) SEMEL_TRY(consumer.PartitionCount(topic, kWithin));
  return {};
}

}  // namespace

Result<void> Consume(const std::string& mode, ConsumeJob job, MessageOutput& output,
                     const std::stop_token& stop) {
  if (!job.consumer.group.empty()) SEMEL_TRY(CheckTopics(job.consumer, job.topics));
  if (mode == "single") return Single(job, output, stop);
  if (mode == "batch") return Batch(job, output, stop);
  if (mode == "push") return Push(job, output, stop);
  return Puller(std::move(job), output).Run(stop);
}

}  // namespace semel::app
