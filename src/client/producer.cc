#include "semel/producer.h"

#include <librdkafka/rdkafka.h>

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "client/delivery_reports.h"
#include "client/function_logger.h"
#include "client/outgoing.h"
#include "client/topic_handles.h"
#include "kafka/client_conf.h"
#include "kafka/deadline.h"
#include "kafka/error_map.h"
#include "kafka/instance.h"

namespace semel {
namespace {

using std::chrono::milliseconds;

constexpr int kLookMs = 50;  // how often who waits looks up
constexpr int kFlushSliceMs = 20;
constexpr int kPollMs = 1000;           // of the producer's own thread; cut short by Wake
constexpr milliseconds kAside{10};      // for how long it leaves the polls to others
constexpr std::uint64_t kBurst = 256;   // messages, after which Send polls
constexpr milliseconds kGivenUp{1000};  // until librdkafka has reported on what was purged
constexpr milliseconds kDestructorFlush{1000};

kafka::Properties Defaults(const ProducerOptions& options) {
  return {{"acks", "all"},
          {"enable.idempotence", "true"},
          {"max.in.flight.requests.per.connection", "1"},
          {"compression.type", "lz4"},
          {"linger.ms", "20"},
          {"partitioner", "murmur2_random"},
          {"message.timeout.ms", std::to_string(options.delivery_timeout.count())},
          {"queue.buffering.max.messages", std::to_string(options.queue_messages)},
          {"queue.buffering.max.kbytes", std::to_string((options.queue_bytes + 1023) / 1024)}};
}

Error Fix(std::string message) { return {Action::kFix, std::move(message)}; }

}  // namespace

class Producer::Impl {
 public:
  static Result<std::unique_ptr<Impl>> Open(ProducerOptions options);
  explicit Impl(ProducerOptions options)
      : options_(std::move(options)),
        logger_(options_.log),
        reports_(options_.on_delivery, options_.queue_messages) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  using Recipient = decltype(Receipt::to);
  /// Takes `recipient`, and gives it back where it returns an error.
  Result<void> Send(const OutgoingMessage& message, Recipient* recipient = nullptr);
  std::size_t Poll(milliseconds timeout);
  Result<void> Flush(milliseconds timeout);
  Result<void> Close(milliseconds timeout);
  void SetCredentials(const kafka::Credentials& credentials) const {
    instance_->SetCredentials(credentials);
  }
  std::size_t undelivered() const { return reports_.outstanding(); }

 private:
  void RunCollector();
  void Collect(int timeout_ms);
  bool TryCollect(int timeout_ms);
  void* Keep(const OutgoingMessage& message, Recipient recipient) {
    return reports_.Keep(std::make_unique<Receipt>(
        Receipt{std::string(message.topic), message.partition, message.tag, std::move(recipient)}));
  }
  void Wake() { rd_kafka_queue_yield(queue_.get()); }
  rd_kafka_resp_err_t SendOrWait(const OutgoingMessage& message, void* opaque);
  rd_kafka_resp_err_t TrySend(const OutgoingMessage& message, void* opaque);
  Error NotSent(const OutgoingMessage& message, rd_kafka_resp_err_t code) const;
  void AwaitReports(milliseconds timeout);
  Result<void> Outcome(milliseconds waited);

  const ProducerOptions options_;
  FunctionLogger logger_;
  DeliveryReports reports_;
  std::unique_ptr<kafka::Instance> instance_;
  kafka::QueuePtr queue_;  // what the collector polls
  std::optional<TopicHandles> topics_;
  std::thread collector_;
  std::mutex polling_;
  std::atomic<std::uint64_t> polls_ = 0;  // wanted by others than the collector
  std::atomic<bool> closing_ = false;
  std::atomic<bool> ended_ = false;
  std::atomic<int> flushing_ = 0;
};

Result<std::unique_ptr<Producer::Impl>> Producer::Impl::Open(ProducerOptions options) {
  if (options.delivery_timeout < milliseconds{1})
    return Fix("delivery_timeout: must be at least 1 ms");
  if (options.queue_messages == 0 || options.queue_bytes == 0)
    return Fix("queue_messages and queue_bytes: must be at least 1");
  auto impl = std::make_unique<Impl>(std::move(options));
  SEMEL_TRY_ASSIGN(const kafka::ClientSettings settings,
                   kafka::SettingsOfProgram(impl->options_.brokers, impl->options_.properties,
                                            kafka::PropertyRules::kLibrary));
  SEMEL_TRY_ASSIGN(kafka::ConfPtr conf, kafka::LibraryConf(settings, Defaults(impl->options_), {}));
  SEMEL_TRY_ASSIGN(impl->instance_, kafka::Instance::Open(RD_KAFKA_PRODUCER, std::move(conf),
                                                          {.name = "producer",
                                                           .principal = kafka::Principal(settings),
                                                           .callbacks = &impl->reports_,
                                                           .keep = nullptr},
                                                          impl->logger_));
  impl->reports_.set_instance(impl->instance_.get());
  impl->queue_.reset(rd_kafka_queue_get_main(impl->instance_->get()));
  impl->topics_.emplace(impl->instance_->get());
  impl->collector_ = std::thread([self = impl.get()] { self->RunCollector(); });
  return impl;
}

Producer::Impl::~Impl() {
  if (!collector_.joinable()) return;  // never opened
  if (const auto closed = Close(kDestructorFlush); !closed)
    logger_.Warning("a producer ended without a Close: " + closed.error().message);
}

// Whoever polls frees the messages that are done. The thread that sends does it best, for the next
// ones go into the same memory: together they cost a tenth less than with another thread. So the
// producer's own thread steps aside while others poll.
void Producer::Impl::RunCollector() {
  std::uint64_t seen = 0;
  while (!ended_) {
    std::unique_lock lock(polling_, std::try_to_lock);
    if (lock && flushing_ == 0 && polls_ == seen) {
      Collect(kPollMs);
      continue;
    }
    if (lock) lock.unlock();
    seen = polls_;
    std::this_thread::sleep_for(kAside);
  }
}

// With polling_ held, which also guards what errors are described with.
void Producer::Impl::Collect(int timeout_ms) {
  if (flushing_ > 0 && timeout_ms > 0) {
    rd_kafka_flush(instance_->get(), timeout_ms);
    reports_.SetObstacle(instance_->Describe(RD_KAFKA_RESP_ERR__TIMED_OUT, "deliver all messages"));
  } else {
    rd_kafka_poll(instance_->get(), timeout_ms);
  }
  reports_.Publish();
}

bool Producer::Impl::TryCollect(int timeout_ms) {
  ++polls_;  // also where the own thread is at it: it is to step aside
  const std::unique_lock lock(polling_, std::try_to_lock);
  if (!lock || ended_) return false;
  Collect(timeout_ms);
  ++polls_;
  return true;
}

Result<void> Producer::Impl::Send(const OutgoingMessage& message, Recipient* recipient) {
  SEMEL_TRY(Check(message));
  // Counted before the look at closing_, so that Close either is seen or sees the message; and
  // before a recipient is kept, for Close tells those that are kept, and counts them as done.
  if (reports_.Expect() % kBurst == 0) TryCollect(0);
  reports_.CallBack();
  void* const opaque =
      recipient == nullptr ? OpaqueOf(message.tag) : Keep(message, std::move(*recipient));
  const rd_kafka_resp_err_t code = SendOrWait(message, opaque);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  if (recipient != nullptr) {
    const auto receipt = reports_.Take(opaque);
    if (receipt == nullptr) return {};  // Close was faster, and has told it
    *recipient = std::move(receipt->to);
  }
  reports_.Withdraw();
  return NotSent(message, code);
}

rd_kafka_resp_err_t Producer::Impl::SendOrWait(const OutgoingMessage& message, void* opaque) {
  std::optional<kafka::Deadline> deadline;
  while (true) {
    const std::uint64_t round = reports_.round();
    const rd_kafka_resp_err_t code = TrySend(message, opaque);
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || options_.when_full == WhenFull::kRefuse)
      return code;
    if (BytesOf(message) > options_.queue_bytes) return RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    if (!deadline) deadline.emplace(options_.delivery_timeout);
    if (deadline->passed()) return code;
    if (reports_.CallBack() > 0) continue;
    const int slice_ms = deadline->SliceMs(kLookMs);
    if (!TryCollect(slice_ms)) reports_.AwaitAfter(round, milliseconds{slice_ms});
  }
}

rd_kafka_resp_err_t Producer::Impl::TrySend(const OutgoingMessage& message, void* opaque) {
  if (closing_) return RD_KAFKA_RESP_ERR__DESTROY;
  // A callback cannot wait for callbacks: librdkafka's own bound is enough there.
  if (reports_.backed_up() && !reports_.InCallback()) return RD_KAFKA_RESP_ERR__QUEUE_FULL;
  rd_kafka_topic_t* const topic = topics_->Of(message.topic);
  return topic == nullptr ? rd_kafka_last_error()
                          : Produce(instance_->get(), topic, message, opaque);
}

Error Producer::Impl::NotSent(const OutgoingMessage& message, rd_kafka_resp_err_t code) const {
  const std::string what = "write to " + NameOf(message);
  if (code == RD_KAFKA_RESP_ERR__DESTROY) return Fix("cannot " + what + ": the producer is closed");
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
    const bool waited = options_.when_full == WhenFull::kWait;
    return {Action::kRetry, "cannot " + what + ": the queue is full" +
                                (waited ? ", and was for the whole delivery timeout" : "") +
                                "; see queue_messages and queue_bytes"};
  }
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
    return {Action::kRejectRecord,
            "cannot " + what + ": key and value have " + std::to_string(BytesOf(message)) +
                " bytes; see the property message.max.bytes, and queue_bytes"};
  std::array<char, 512> fatal{};
  const bool is_over = code == RD_KAFKA_RESP_ERR__FATAL;
  if (is_over) code = rd_kafka_fatal_error(instance_->get(), fatal.data(), fatal.size());
  Error error = kafka::ToError(code, {.what = what, .principal = {}}, fatal.data());
  // Whatever may be done about the cause, this producer will send nothing any more.
  if (is_over || error.action == Action::kAbort) error.action = Action::kFail;
  return error;
}

std::size_t Producer::Impl::Poll(milliseconds timeout) {
  if (reports_.InCallback()) return 0;
  const kafka::Deadline deadline(timeout);
  while (true) {
    const std::uint64_t round = reports_.round();
    const std::size_t called = reports_.CallBack();
    if (called > 0 || deadline.passed()) return called;
    reports_.AwaitAfter(round, milliseconds{deadline.SliceMs(kLookMs)});
  }
}

// Until all is reported on, or `timeout` has passed; what waits for linger.ms is sent at once.
void Producer::Impl::AwaitReports(milliseconds timeout) {
  const kafka::Deadline deadline(timeout);
  ++flushing_;
  Wake();
  while (true) {
    const std::uint64_t round = reports_.round();
    reports_.CallBack();
    if (reports_.outstanding() == 0 || deadline.passed()) break;
    const int slice_ms = deadline.SliceMs(kFlushSliceMs);
    if (rd_kafka_outq_len(instance_->get()) == 0 || !TryCollect(slice_ms))
      reports_.AwaitAfter(round, milliseconds{slice_ms});
  }
  --flushing_;
}

Result<void> Producer::Impl::Flush(milliseconds timeout) {
  if (reports_.InCallback()) return Fix("Flush within a delivery's function cannot work");
  AwaitReports(timeout);
  return Outcome(timeout);
}

Result<void> Producer::Impl::Outcome(milliseconds waited) {
  DeliveryReports::Failures failures = reports_.TakeFailures();
  if (failures.count > 0) {
    Error error = *std::move(failures.first);
    error.message = std::to_string(failures.count) +
                    " messages were not delivered; the first: " + error.message;
    return error;
  }
  const std::size_t left = reports_.outstanding();
  if (left == 0) return {};
  Error error =
      reports_.obstacle().value_or(Error{Action::kRetry, "the brokers have not answered yet"});
  error.message = std::to_string(left) + " messages are not delivered after " +
                  std::to_string(waited.count()) + " ms: " + error.message;
  return error;
}

Result<void> Producer::Impl::Close(milliseconds timeout) {
  if (reports_.InCallback()) return Fix("Close within a delivery's function cannot work");
  if (closing_.exchange(true)) return {};
  AwaitReports(timeout);
  if (reports_.outstanding() > 0) {
    rd_kafka_purge(instance_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                         RD_KAFKA_PURGE_F_NON_BLOCKING);
    AwaitReports(kGivenUp);
  }
  ended_ = true;
  Wake();
  collector_.join();
  {
    const std::lock_guard lock(polling_);  // the last poll is over
    reports_.AbandonReceipts();
  }
  return Outcome(timeout);
}

Producer::Producer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Producer::Producer(Producer&&) noexcept = default;
Producer& Producer::operator=(Producer&&) noexcept = default;
Producer::~Producer() = default;

Result<Producer> Producer::Open(ProducerOptions options) {
  SEMEL_TRY_ASSIGN(auto impl, Impl::Open(std::move(options)));
  return Producer(std::move(impl));
}

Result<void> Producer::Send(const OutgoingMessage& message) { return impl_->Send(message); }

Result<void> Producer::Send(const OutgoingMessage& message, DeliveryFunction on_delivery) {
  Impl::Recipient recipient = std::move(on_delivery);
  return impl_->Send(message, &recipient);
}

std::future<Result<Delivered>> Producer::SendForResult(const OutgoingMessage& message) {
  Impl::Recipient recipient = std::promise<Result<Delivered>>();
  auto future = std::get<std::promise<Result<Delivered>>>(recipient).get_future();
  if (const auto sent = impl_->Send(message, &recipient); !sent)
    std::get<std::promise<Result<Delivered>>>(recipient).set_value(sent.error());
  return future;
}

std::size_t Producer::Poll(std::chrono::milliseconds timeout) { return impl_->Poll(timeout); }

Result<void> Producer::Flush(std::chrono::milliseconds timeout) { return impl_->Flush(timeout); }

Result<void> Producer::Close(std::chrono::milliseconds timeout) { return impl_->Close(timeout); }

void Producer::SetCredentials(const std::string& username, const std::string& password) {
  impl_->SetCredentials({username, password});
}

std::size_t Producer::undelivered() const { return impl_->undelivered(); }

}  // namespace semel
