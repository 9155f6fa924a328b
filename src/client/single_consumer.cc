#include "semel/single_consumer.h"

#include "client/handler_loop.h"

namespace semel {
namespace {

constexpr std::chrono::milliseconds kLookUpEvery{200};

}  // namespace

class SingleConsumer::Impl {
 public:
  explicit Impl(std::unique_ptr<HandlerLoop> loop) : loop_(std::move(loop)) {}
  Result<void> Run(const Handler& handler) {
    while (loop_->GoesOn()) SEMEL_TRY(HandleNext(handler));
    return {};
  }
  HandlerLoop& loop() { return *loop_; }

 private:
  Result<void> HandleNext(const Handler& handler) {
    SEMEL_TRY_ASSIGN(const auto message, loop_->consumer().Poll(kLookUpEvery));
    if (!message) return {};
    SEMEL_TRY(loop_->HandleOne(*message, handler));
    return loop_->Commit(OffsetsAfter(*message));
  }

  std::unique_ptr<HandlerLoop> loop_;
};

SingleConsumer::SingleConsumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SingleConsumer::~SingleConsumer() = default;

Result<std::unique_ptr<SingleConsumer>> SingleConsumer::Open(ConsumerOptions consumer,
                                                             HandlerOptions options) {
  SEMEL_TRY_ASSIGN(auto loop,
                   HandlerLoop::Open(std::move(consumer), std::move(options),
                                     {{"fetch.min.bytes", "1"}, {"fetch.wait.max.ms", "500"}}));
  return std::unique_ptr<SingleConsumer>(
      new SingleConsumer(std::make_unique<Impl>(std::move(loop))));
}

Result<void> SingleConsumer::Run(const Handler& handler) {
  return impl_->loop().End(impl_->Run(handler));
}

void SingleConsumer::Stop() { impl_->loop().Stop(); }

}  // namespace semel
