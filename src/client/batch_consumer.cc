#include "semel/batch_consumer.h"

#include <algorithm>

#include "client/handler_loop.h"
#include "kafka/deadline.h"

namespace semel {
namespace {

using std::chrono::milliseconds;

constexpr int kLookUpEveryMs = 200;
constexpr std::size_t kMostMessages = 1000;

}  // namespace

class BatchConsumer::Impl {
 public:
  explicit Impl(BatchOptions options)
      : options_(options), most_(std::max(kMostMessages, options.min_messages)) {}

  Result<void> Open(ConsumerOptions consumer, HandlerOptions options) {
    Forget(consumer.on_revoked);
    Forget(consumer.on_lost);
    SEMEL_TRY_ASSIGN(
        loop_, HandlerLoop::Open(std::move(consumer), std::move(options),
                                 {{"fetch.min.bytes", "1024"}, {"fetch.wait.max.ms", "5000"}}));
    return {};
  }

  Result<void> Run(const BatchHandler& handler) {
    while (loop_->GoesOn()) {
      SEMEL_TRY(Collect());
      if (loop_->stopped()) return {};
      SEMEL_TRY(Handle(handler));
      SEMEL_TRY(loop_->Commit(OffsetsAfter(batch_)));
      batch_.clear();
    }
    return {};
  }
  HandlerLoop& loop() { return *loop_; }

 private:
  // Messages of partitions that go elsewhere are handled there.
  void Forget(ConsumerOptions::RebalanceFunction& function) {
    function = [this, then = std::move(function)](const std::vector<TopicPartition>& partitions) {
      std::erase_if(batch_, [&](const Message& message) {
        const TopicPartition from{std::string(message.topic), message.partition};
        return std::find(partitions.begin(), partitions.end(), from) != partitions.end();
      });
      if (then) then(partitions);
    };
  }

  Result<void> Collect() {
    kafka::Deadline deadline(options_.max_wait);  // from the first message on
    while (loop_->GoesOn() && batch_.size() < options_.min_messages &&
           (batch_.empty() || !deadline.passed())) {
      const bool none = batch_.empty();
      const int wait_ms = none ? kLookUpEveryMs : deadline.SliceMs(kLookUpEveryMs);
      SEMEL_TRY_ASSIGN(const auto messages,
                       loop_->consumer().PollBatch(most_ - batch_.size(), milliseconds{wait_ms}));
      batch_.insert(batch_.end(), messages.begin(), messages.end());
      if (none) deadline = kafka::Deadline(options_.max_wait);
    }
    return {};
  }

  Result<void> Handle(const BatchHandler& handler) {
    if (batch_.empty()) return {};
    Result<void> done = loop_->Try([&] { return handler(batch_); });
    if (done || !loop_->options().dead_letter || loop_->stopped()) return done;
    for (const Message& message : batch_)
      SEMEL_TRY(loop_->HandleOne(message,
                                 [&](const Message& one) { return handler(std::span(&one, 1)); }));
    return {};
  }

  const BatchOptions options_;
  const std::size_t most_;
  std::vector<Message> batch_;
  std::unique_ptr<HandlerLoop> loop_;
};

BatchConsumer::BatchConsumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BatchConsumer::~BatchConsumer() = default;

Result<std::unique_ptr<BatchConsumer>> BatchConsumer::Open(ConsumerOptions consumer,
                                                           HandlerOptions options,
                                                           BatchOptions batch) {
  if (batch.min_messages == 0) return Error{Action::kFix, "min_messages: at least 1"};
  auto impl = std::make_unique<Impl>(batch);
  SEMEL_TRY(impl->Open(std::move(consumer), std::move(options)));
  return std::unique_ptr<BatchConsumer>(new BatchConsumer(std::move(impl)));
}

Result<void> BatchConsumer::Run(const BatchHandler& handler) {
  return impl_->loop().End(impl_->Run(handler));
}

void BatchConsumer::Stop() { impl_->loop().Stop(); }

}  // namespace semel
