#include "semel/push_consumer.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "client/handler_loop.h"

namespace semel {
namespace {

constexpr std::chrono::milliseconds kLookUpEvery{200};
constexpr std::chrono::seconds kCommitEvery{1};

}  // namespace

class PushConsumer::Impl {
 public:
  ~Impl() {
    if (loop_ != nullptr) loop_->Stop();
    if (thread_.joinable()) thread_.join();
  }

  Result<void> Open(ConsumerOptions consumer, HandlerOptions options) {
    consumer.on_revoked = [this, then = std::move(consumer.on_revoked)](const auto& partitions) {
      CommitBefore(partitions);
      if (then) then(partitions);
    };
    consumer.on_lost = [this, then = std::move(consumer.on_lost)](const auto& partitions) {
      for (const TopicPartition& partition : partitions) handled_.erase(partition);
      if (then) then(partitions);
    };
    SEMEL_TRY_ASSIGN(loop_, HandlerLoop::Open(std::move(consumer), std::move(options), {}));
    return {};
  }

  Result<void> Start(Handler handler) {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kNew) return Error{Action::kFix, "the consumer was started before"};
    state_ = State::kRunning;
    thread_ = std::thread([this, handler = std::move(handler)] {
      Result<void> result = Run(handler);
      const auto committed = loop_->Commit(Offsets(handled_));  // a copy: reports may change it
      if (result && !committed) result = committed;
      handled_.clear();
      result = loop_->End(result);
      const std::lock_guard ended(mutex_);
      result_ = std::move(result);
      state_ = State::kEnded;
      ended_.notify_all();
    });
    return {};
  }

  void Stop() { loop_->Stop(); }

  bool running() const {
    const std::lock_guard lock(mutex_);
    return state_ == State::kRunning;
  }

  Result<void> Wait() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return state_ != State::kRunning; });
    return result_;
  }

 private:
  enum class State : std::uint8_t { kNew, kRunning, kEnded };

  Result<void> Run(const Handler& handler) {
    auto last = SystemClock{}.Now();
    while (loop_->GoesOn()) {
      SEMEL_TRY_ASSIGN(const auto message, loop_->consumer().Poll(kLookUpEvery));
      if (message) SEMEL_TRY(HandleOne(*message, handler));
      if (const auto now = SystemClock{}.Now(); now - last >= kCommitEvery) {
        last = now;
        SEMEL_TRY(CommitSoon());
      }
    }
    return {};
  }

  // What was sent stays in handled_ until it is known to be committed: should it fail, the next
  // commit has it, be it the last one.
  Result<void> CommitSoon() {
    if (handled_.empty()) return {};
    return loop_->consumer().CommitAsync(
        handled_, [this, offsets = handled_](const Result<void>& done) {
          if (!done) return;
          std::erase_if(handled_, [&](const auto& each) {
            const auto sent = offsets.find(each.first);
            return sent != offsets.end() && sent->second == each.second;
          });
        });
  }

  Result<void> HandleOne(const Message& message, const Handler& handler) {
    SEMEL_TRY(loop_->HandleOne(message, handler));
    handled_[{std::string(message.topic), message.partition}] = message.offset + 1;
    return {};
  }

  void CommitBefore(const std::vector<TopicPartition>& partitions) {
    Offsets offsets;
    for (const TopicPartition& partition : partitions)
      if (auto found = handled_.extract(partition); !found.empty())
        offsets.insert(std::move(found));
    static_cast<void>(loop_->Commit(offsets));  // what it could not do was logged
  }

  std::unique_ptr<HandlerLoop> loop_;
  Offsets handled_;  // not known to be committed; the thread's
  std::thread thread_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  State state_ = State::kNew;
  Result<void> result_;
};

PushConsumer::PushConsumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PushConsumer::~PushConsumer() = default;

Result<std::unique_ptr<PushConsumer>> PushConsumer::Open(ConsumerOptions consumer,
                                                         HandlerOptions options) {
  auto impl = std::make_unique<Impl>();
  SEMEL_TRY(impl->Open(std::move(consumer), std::move(options)));
  return std::unique_ptr<PushConsumer>(new PushConsumer(std::move(impl)));
}

Result<void> PushConsumer::Start(Handler handler) { return impl_->Start(std::move(handler)); }
void PushConsumer::Stop() { impl_->Stop(); }
bool PushConsumer::running() const { return impl_->running(); }
Result<void> PushConsumer::Wait() { return impl_->Wait(); }

}  // namespace semel
