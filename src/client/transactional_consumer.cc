#include "semel/transactional_consumer.h"

#include <limits>
#include <utility>

#include "client/transactional_loop.h"

namespace semel {
namespace {

Result<bool> CountAndHandOut(const Record& /*record*/, pipeline::PartitionWork& work) {
  ++work.tally.read;
  ++work.tally.unique;
  return true;
}

}  // namespace

TransactionalConsumer::TransactionalConsumer(std::unique_ptr<TransactionalLoop> loop)
    : loop_(std::move(loop)) {}
TransactionalConsumer::~TransactionalConsumer() = default;

Result<std::unique_ptr<TransactionalConsumer>> TransactionalConsumer::Open(
    TransactionalConsumerOptions options) {
  SEMEL_TRY_ASSIGN(DedupOptions job, LoopJob(options));
  job.memory_limit = std::numeric_limits<std::size_t>::max();  // nothing is remembered
  SEMEL_TRY_ASSIGN(auto loop,
                   TransactionalLoop::Open(job, {.outputs = std::move(options.outputs),
                                                 .commit_messages = options.commit_messages,
                                                 .auto_commit = options.auto_commit,
                                                 .log = std::move(options.log)}));
  SEMEL_TRY(loop->Start(CountAndHandOut));
  return std::unique_ptr<TransactionalConsumer>(new TransactionalConsumer(std::move(loop)));
}

Result<std::optional<Message>> TransactionalConsumer::Poll(std::chrono::milliseconds timeout) {
  return loop_->Poll(timeout);
}

Result<void> TransactionalConsumer::Send(const OutgoingMessage& message) {
  return loop_->Send(message);
}

Result<void> TransactionalConsumer::Commit() { return loop_->Commit(); }

void TransactionalConsumer::Stop() { loop_->Stop(); }

Result<void> TransactionalConsumer::Close() { return loop_->Close(); }

bool TransactionalConsumer::AtEnd() const { return loop_->AtEnd(); }

Result<void> TransactionalConsumer::status() const { return loop_->status(); }

std::uint64_t TransactionalConsumer::committed() const { return loop_->counts().read; }

MessageIterator TransactionalConsumer::begin() {
  return MessageIterator([loop = loop_.get()] { return loop->Next(); });
}

}  // namespace semel
