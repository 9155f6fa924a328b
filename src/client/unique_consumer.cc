#include "semel/unique_consumer.h"

#include <utility>

#include "base/clock.h"
#include "client/transactional_loop.h"
#include "pipeline/record_router.h"

namespace semel {
namespace {

PolicyChoice Choice(Unjudged unjudged) {
  switch (unjudged) {
    case Unjudged::kHandOut:
      return {pipeline::Policy::Kind::kPass};
    case Unjudged::kDrop:
      return {pipeline::Policy::Kind::kDrop};
    case Unjudged::kFail:
      break;
  }
  return {pipeline::Policy::Kind::kFail};
}

Result<DedupOptions> JobOptions(const UniqueConsumerOptions& options) {
  SEMEL_TRY_ASSIGN(DedupOptions job, LoopJob(options));
  job.changelog = options.changelog.empty() ? options.group + ".seen" : options.changelog;
  job.key = options.key;
  if (options.window.count() < 1) return Error{Action::kFix, "window: at least 1 ms"};
  job.window = options.window;
  job.policies.missing = Choice(options.on_missing);
  job.policies.invalid = Choice(options.on_invalid);
  job.policies.late = Choice(options.on_late);
  job.create_topics = options.create_changelog;
  job.memory_limit = options.memory_limit;
  job.accepted = {.gap = options.accept_gap,
                  .new_rule = options.accept_new_rule,
                  .partitions = options.accept_new_partitions};
  return job;
}

/// What the router lets through is what is handed out.
class HandOut final : public kafka::RecordSink {
 public:
  Result<void> Produce(const kafka::OutgoingRecord& /*record*/) override {
    taken_ = true;
    return {};
  }
  bool Take() { return std::exchange(taken_, false); }

 private:
  bool taken_ = false;
};

}  // namespace

struct UniqueConsumer::Impl {
  Impl(std::unique_ptr<TransactionalLoop> opened, Fingerprinter fingerprinter)
      : loop(std::move(opened)),
        router(loop->settings(), std::move(fingerprinter), loop->logger()) {}

  Result<bool> Judge(const Record& record, pipeline::PartitionWork& work) {
    SEMEL_TRY(router.Route({&record, 1}, {}, clock.WallMs(), *work.stage, hand_out, work.tally));
    return hand_out.Take();
  }

  const std::unique_ptr<TransactionalLoop> loop;
  SystemClock clock;
  pipeline::RecordRouter router;
  HandOut hand_out;
};

UniqueConsumer::UniqueConsumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
UniqueConsumer::~UniqueConsumer() = default;

Result<std::unique_ptr<UniqueConsumer>> UniqueConsumer::Open(UniqueConsumerOptions options) {
  SEMEL_TRY_ASSIGN(const DedupOptions job, JobOptions(options));
  SEMEL_TRY_ASSIGN(Fingerprinter fingerprinter, Fingerprinter::Open(options.key));
  SEMEL_TRY_ASSIGN(auto loop,
                   TransactionalLoop::Open(job, {.outputs = std::move(options.outputs),
                                                 .commit_messages = options.commit_messages,
                                                 .auto_commit = options.auto_commit,
                                                 .log = std::move(options.log)}));
  auto impl = std::make_unique<Impl>(std::move(loop), std::move(fingerprinter));
  SEMEL_TRY(
      impl->loop->Start([&judge = *impl](const Record& record, pipeline::PartitionWork& work) {
        return judge.Judge(record, work);
      }));
  return std::unique_ptr<UniqueConsumer>(new UniqueConsumer(std::move(impl)));
}

Result<std::optional<Message>> UniqueConsumer::Poll(std::chrono::milliseconds timeout) {
  return impl_->loop->Poll(timeout);
}

Result<void> UniqueConsumer::Commit() { return impl_->loop->Commit(); }

Result<void> UniqueConsumer::Send(const OutgoingMessage& message) {
  return impl_->loop->Send(message);
}

void UniqueConsumer::Stop() { impl_->loop->Stop(); }

Result<void> UniqueConsumer::Close() { return impl_->loop->Close(); }

bool UniqueConsumer::AtEnd() const { return impl_->loop->AtEnd(); }

Result<void> UniqueConsumer::status() const { return impl_->loop->status(); }

UniqueCounts UniqueConsumer::counts() const {
  const metrics::PartitionSnapshot& all = impl_->loop->counts();
  return {.read = all.read,
          .unique = all.unique,
          .duplicates = all.duplicates,
          .missing = all.missing,
          .invalid = all.invalid,
          .late = all.late};
}

MessageIterator UniqueConsumer::begin() {
  return MessageIterator([loop = impl_->loop.get()] { return loop->Next(); });
}

}  // namespace semel
