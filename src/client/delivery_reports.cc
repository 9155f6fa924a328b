#include "client/delivery_reports.h"

#include <iterator>
#include <string>
#include <utility>

#include "kafka/error_map.h"

namespace semel {
namespace {

static_assert(sizeof(void*) == sizeof(std::uint64_t));
static_assert(alignof(Receipt) > 1);  // the lowest bit tells a tag from an address

std::uint64_t BitsOf(void* opaque) { return reinterpret_cast<std::uintptr_t>(opaque); }
bool IsTag(void* opaque) { return (BitsOf(opaque) & 1U) != 0; }
std::uint64_t TagOf(void* opaque) { return BitsOf(opaque) >> 1U; }

// In words of this library: there is no transaction that could be rolled back.
Action WithoutTransaction(Action action) {
  return action == Action::kAbort || action == Action::kFenced ? Action::kFail : action;
}

bool GivenUp(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT || code == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
         code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
}

// librdkafka numbers what was sent with acks=0 too, from its value for "no offset" on.
bool IsAcknowledged(const rd_kafka_message_t& message) {
  return message.err == RD_KAFKA_RESP_ERR_NO_ERROR &&
         rd_kafka_message_status(&message) == RD_KAFKA_MSG_STATUS_PERSISTED;
}

}  // namespace

void* OpaqueOf(std::uint64_t tag) {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(tag << 1U | 1U));
}

void* DeliveryReports::Keep(std::unique_ptr<Receipt> receipt) {
  const std::lock_guard lock(keeping_);
  void* const opaque = receipt.get();
  receipts_.emplace(opaque, std::move(receipt));
  return opaque;
}

std::unique_ptr<Receipt> DeliveryReports::Take(void* opaque) {
  if (IsTag(opaque)) return nullptr;
  const std::lock_guard lock(keeping_);
  auto found = receipts_.extract(opaque);
  return found ? std::move(found.mapped()) : nullptr;
}

void DeliveryReports::OnDelivery(const rd_kafka_message_t& message) {
  std::unique_ptr<Error> error;
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    error = std::make_unique<Error>(ErrorOf(message));
    ++failed_.count;
    if (!failed_.first) failed_.first = *error;
  }
  void* const opaque = message._private;
  if (IsTag(opaque) && !on_delivery_) {
    ++done_;
    return;
  }
  Report report{rd_kafka_topic_name(message.rkt),
                message.partition,
                IsAcknowledged(message) ? message.offset : -1,
                rd_kafka_message_timestamp(&message, nullptr),
                TagOf(opaque),
                Take(opaque),
                std::move(error)};
  if (report.receipt == nullptr || std::holds_alternative<DeliveryFunction>(report.receipt->to)) {
    batch_.push_back(std::move(report));
    return;
  }
  auto& promise = std::get<std::promise<Result<Delivered>>>(report.receipt->to);
  if (report.error)
    promise.set_value(std::move(*report.error));
  else
    promise.set_value(Delivered{report.partition, report.offset, report.timestamp_ms});
  ++done_;
}

// One of librdkafka's threads may be stuck, as in a name look-up, with messages in its hands.
void DeliveryReports::AbandonReceipts() {
  decltype(receipts_) left;
  {
    const std::lock_guard lock(keeping_);
    left.swap(receipts_);
  }
  for (auto& [opaque, receipt] : left) {
    Error error{Action::kRetry,
                "cannot write to " + kafka::Name(receipt->topic, receipt->partition) +
                    ": the producer was closed; it may have been written all the same"};
    ++failed_.count;
    if (!failed_.first) failed_.first = error;
    if (auto* promise = std::get_if<std::promise<Result<Delivered>>>(&receipt->to)) {
      promise->set_value(std::move(error));
      ++done_;
    } else {
      const char* const topic = receipt->topic.c_str();
      batch_.push_back({topic, receipt->partition, -1, -1, receipt->tag, std::move(receipt),
                        std::make_unique<Error>(std::move(error))});
    }
  }
  Publish();
  CallBack();
}

Error DeliveryReports::ErrorOf(const rd_kafka_message_t& message) const {
  const std::string topic = rd_kafka_topic_name(message.rkt);
  const std::string what =
      "write to " + (message.partition < 0 ? topic : kafka::Name(topic, message.partition));
  // A time-out's own advice is for transactions; what the client heard last says more.
  Error error = GivenUp(message.err)
                    ? instance_->Describe(RD_KAFKA_RESP_ERR__TIMED_OUT, what,
                                          message.err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT
                                              ? "not acknowledged within the delivery timeout"
                                              : "not acknowledged when the producer was closed")
                    : instance_->Describe(message.err, what, {}, "Write");
  error.action = WithoutTransaction(error.action);
  error.message += rd_kafka_message_status(&message) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED
                       ? "; it was not written"
                       : "; it may have been written all the same";
  return error;
}

void DeliveryReports::Publish() {
  if (batch_.empty() && done_ == 0) return;
  {
    const std::lock_guard lock(mutex_);
    waiting_ += batch_.size();
    if (published_.empty())
      published_.swap(batch_);
    else
      published_.insert(published_.end(), std::make_move_iterator(batch_.begin()),
                        std::make_move_iterator(batch_.end()));
    failures_.count += failed_.count;
    if (!failures_.first) failures_.first = std::move(failed_.first);
    obstacle_.reset();
    finished_ += done_;
    ++round_;
  }
  changed_.notify_all();
  batch_.clear();
  done_ = 0;
  failed_ = {};
}

void DeliveryReports::SetObstacle(Error obstacle) {
  const std::lock_guard lock(mutex_);
  obstacle_ = std::move(obstacle);
}

std::size_t DeliveryReports::CallBack() {
  if (waiting_ == 0 || calling_.exchange(true)) return 0;
  caller_ = std::this_thread::get_id();
  std::size_t called = 0;
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      called_.swap(published_);
    }
    if (called_.empty()) break;
    for (Report& report : called_) Call(report);
    called += called_.size();
    Finish(called_.size());
    called_.clear();
  }
  caller_ = std::thread::id{};
  calling_ = false;
  return called;
}

void DeliveryReports::Call(Report& report) const {
  const auto& receipt = report.receipt;
  Delivery delivery;
  delivery.topic = report.topic;
  delivery.partition = report.partition;
  delivery.offset = report.offset;
  delivery.timestamp_ms = report.timestamp_ms;
  delivery.tag = receipt ? receipt->tag : report.tag;
  if (report.error) delivery.error = std::move(*report.error);
  const auto& function = receipt ? std::get<DeliveryFunction>(receipt->to) : on_delivery_;
  if (function) function(delivery);
}

void DeliveryReports::Finish(std::size_t count) {
  {
    const std::lock_guard lock(mutex_);
    waiting_ -= count;
    finished_ += count;
    ++round_;
  }
  changed_.notify_all();
}

void DeliveryReports::AwaitAfter(std::uint64_t round, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return round_ != round; });
}

DeliveryReports::Failures DeliveryReports::TakeFailures() {
  const std::lock_guard lock(mutex_);
  return std::exchange(failures_, {});
}

std::optional<Error> DeliveryReports::obstacle() const {
  const std::lock_guard lock(mutex_);
  return obstacle_;
}

}  // namespace semel
