#include "prove/producer.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <thread>

#include "base/clock.h"
#include "kafka/admin.h"
#include "kafka/client_conf.h"
#include "kafka/instance.h"
#include "kafka/rdkafka_batch.h"
#include "kafka/rdkafka_handles.h"
#include "prove/truth_writer.h"

namespace semel::prove {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAdminTimeout{30'000};
constexpr std::int64_t kSpreadWindows = 3;
constexpr int kDeliveryTimeoutMs = 120'000;
constexpr milliseconds kEndTimeout{kDeliveryTimeoutMs + 10'000};
constexpr milliseconds kStopTimeout{10'000};  // after Ctrl-C

Result<kafka::ConfPtr> IdempotentConf(const kafka::ClientSettings& settings) {
  SEMEL_TRY_ASSIGN(kafka::ConfPtr conf, kafka::AdminConf(settings));
  const std::pair<const char*, std::string> properties[] = {
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"message.timeout.ms", std::to_string(kDeliveryTimeoutMs)},
      {"compression.type", "lz4"},
      {"linger.ms", "100"},  // of a paced stream: kafka/send_queue.h says what a short one costs
      {"queue.buffering.max.kbytes", "131072"},
  };
  for (const auto& [name, value] : properties) {
    if (settings.properties.contains(name)) continue;
    std::array<char, 512> text{};
    if (rd_kafka_conf_set(conf.get(), name, value.c_str(), text.data(), text.size()) !=
        RD_KAFKA_CONF_OK)
      return Error{Action::kFix, std::string(name) + ": " + text.data()};
  }
  return conf;
}

struct Destination {
  int partitions = 0;
  bool sets_time = false;  // message.timestamp.type=LogAppendTime
};

// The topic, if it will keep what the stream is going to put into it.
Result<Destination> InspectTopic(const ProduceOptions& options, Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(options.settings, logger));
  SEMEL_TRY_ASSIGN(const auto topic, admin->Describe(options.topic, kAdminTimeout));
  if (!topic.exists)
    return Error{Action::kFix, "there is no topic " + options.topic +
                                   "; make one: semel topic create " + options.topic};
  SEMEL_TRY_ASSIGN(auto config, admin->Config(options.topic, kAdminTimeout));
  const Destination destination{topic.partitions,
                                config["message.timestamp.type"] == "LogAppendTime"};
  if (options.record_time != RecordTime::kSpread) return destination;
  if (destination.sets_time)
    return Error{Action::kFix, options.topic +
                                   " has message.timestamp.type=LogAppendTime, and --record-time "
                                   "spread sets the time of each record: one of them must change"};
  const std::int64_t keeps = std::strtoll(config["retention.ms"].c_str(), nullptr, 10);
  if (keeps >= 0 && keeps <= kSpreadWindows * options.stream.window_ms)
    return Error{Action::kFix,
                 options.topic + " keeps records for retention.ms=" + std::to_string(keeps) +
                     ", and --record-time spread writes some that are three windows old: create it "
                     "with --config retention.ms=-1"};
  return destination;
}

kafka::HeadersPtr HeadersOf(const StreamRecord& record) {
  kafka::HeadersPtr headers(rd_kafka_headers_new(record.headers.size()));
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers.get(), name.c_str(), static_cast<ssize_t>(name.size()),
                        value ? value->data() : nullptr,
                        value ? static_cast<ssize_t>(value->size()) : 0);
  }
  return headers;
}

Bytes View(const std::optional<std::string>& bytes) { return bytes ? Bytes(*bytes) : Bytes(); }

TruthLine LineOf(const StreamRecord& record) {
  std::vector<Header> headers;
  headers.reserve(record.headers.size());
  for (const auto& [name, value] : record.headers) headers.push_back({name, View(value)});
  TruthLine line;
  line.sequence = record.sequence;
  line.uid = record.uid;
  line.event_id = record.event_id;
  line.partition = record.partition;
  line.timestamp_ms = record.timestamp_ms;
  line.key = record.key;
  line.digest = DigestOf(View(record.key), View(record.value), headers);
  return line;
}

class Sender final : public kafka::Callbacks {
 public:
  Sender(const ProduceOptions& options, const Destination& destination, TruthWriter truth,
         const std::atomic<bool>& stop)
      : options_(options), destination_(destination), stop_(stop), truth_(std::move(truth)) {}

  Result<void> Open(Logger& logger) {
    SEMEL_TRY_ASSIGN(kafka::ConfPtr conf, IdempotentConf(options_.settings));
    kafka::Instance::Parts parts;
    parts.name = "producer";
    parts.principal = kafka::Principal(options_.settings);
    parts.callbacks = this;
    SEMEL_TRY_ASSIGN(instance_, kafka::Instance::Open(RD_KAFKA_PRODUCER, std::move(conf),
                                                      std::move(parts), logger));
    return {};
  }

  // Waits for room, for as long as records under way may take.
  Result<void> Send(const StreamRecord& record) {
    truth_.Sent(LineOf(record));
    if (record.kind == RecordKind::kCopy) ++produced_.copies;
    const kafka::Deadline deadline(kEndTimeout);
    while (true) {
      const auto code = Enqueue(record);
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) break;
      if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || deadline.passed()) {
        Fail(record.sequence, code);
        break;
      }
      rd_kafka_poll(instance_->get(), 100);
      if (instance_->broken()) break;
    }
    rd_kafka_poll(instance_->get(), 0);
    if (instance_->broken()) return *instance_->broken();
    return {};
  }

  // Waits for what is under way; after that nothing more is known of it.
  Result<Produced> Finish() {
    bool stopping = stop_;
    std::optional<kafka::Deadline> deadline(stopping ? kStopTimeout : kEndTimeout);
    while (rd_kafka_outq_len(instance_->get()) > 0 && !deadline->passed() && !instance_->broken()) {
      rd_kafka_poll(instance_->get(), 100);
      if (!stopping && stop_) {
        stopping = true;
        deadline.emplace(kStopTimeout);
      }
    }
    if (rd_kafka_outq_len(instance_->get()) > 0) {
      rd_kafka_purge(instance_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
      rd_kafka_flush(instance_->get(), static_cast<int>(kStopTimeout.count()));
    }
    SEMEL_TRY(truth_.Close());
    return produced_;
  }

  const Produced& produced() const { return produced_; }

 private:
  void OnDelivery(const rd_kafka_message_t& message) override {
    const auto sequence = reinterpret_cast<std::uintptr_t>(message._private);
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return Fail(sequence, message.err);
    ++produced_.acknowledged;
    // After a retry that met its own first try in the log, brokers report that batch's time even
    // where they did not set it: it is asked for only where they do.
    const auto append_ms =
        destination_.sets_time ? std::optional(kafka::TimestampOf(message)) : std::nullopt;
    truth_.Acknowledged(sequence, message.offset, append_ms);
  }

  void Fail(std::uint64_t sequence, rd_kafka_resp_err_t code) {
    if (produced_.failed++ == 0)
      produced_.first_failure = instance_->Describe(code, "write to " + options_.topic).message;
    truth_.Failed(sequence);
  }

  rd_kafka_resp_err_t Enqueue(const StreamRecord& record) {
    kafka::HeadersPtr headers = HeadersOf(record);
    std::array<rd_kafka_vu_t, 8> parts{};
    parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    parts[0].u.cstr = options_.topic.c_str();
    parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
    parts[1].u.i32 = record.partition;
    parts[2] = BytesPart(RD_KAFKA_VTYPE_KEY, record.key);
    parts[3] = BytesPart(RD_KAFKA_VTYPE_VALUE, record.value);
    parts[4].vtype = RD_KAFKA_VTYPE_HEADERS;
    parts[4].u.headers = headers.get();
    parts[5].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    parts[5].u.i64 = record.timestamp_ms;
    parts[6].vtype = RD_KAFKA_VTYPE_OPAQUE;
    // C's way to pass a number on. NOLINTNEXTLINE(performance-no-int-to-ptr)
    parts[6].u.ptr = reinterpret_cast<void*>(record.sequence);
    parts[7].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    parts[7].u.i = RD_KAFKA_MSG_F_COPY;
    const kafka::ErrorPtr error(rd_kafka_produceva(instance_->get(), parts.data(), parts.size()));
    if (error != nullptr) return rd_kafka_error_code(error.get());
    static_cast<void>(headers.release());  // librdkafka's now
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }

  // A null pointer is null, a pointer to nothing is empty.
  static rd_kafka_vu_t BytesPart(rd_kafka_vtype_t type, const std::optional<std::string>& bytes) {
    rd_kafka_vu_t part{};
    part.vtype = type;
    // C does not know const; the bytes are only read.
    part.u.mem.ptr = bytes ? const_cast<char*>(bytes->data()) : nullptr;
    part.u.mem.size = bytes ? bytes->size() : 0;
    return part;
  }

  const ProduceOptions& options_;
  const Destination destination_;
  const std::atomic<bool>& stop_;
  TruthWriter truth_;
  Produced produced_;
  // Last: calls back into the above until it is gone.
  std::unique_ptr<kafka::Instance> instance_;
};

// Record time and pace of a run.
class Schedule {
 public:
  explicit Schedule(const ProduceOptions& options)
      : options_(options), begin_(clock_.Now()), begin_ms_(clock_.WallMs()) {}

  // Returns early when `stop` is set.
  void AwaitTurn(std::uint64_t sequence, const std::atomic<bool>& stop) const {
    if (options_.rate == 0) return;
    const auto due = begin_ + std::chrono::microseconds(sequence * 1'000'000 / options_.rate);
    while (!stop && clock_.Now() < due)
      std::this_thread::sleep_until(std::min(due, clock_.Now() + milliseconds(100)));
  }

  std::int64_t RecordMs(std::uint64_t sequence) {
    if (options_.record_time == RecordTime::kNow) {
      // The wall clock may jump back; the stream's does not.
      newest_ms_ = std::max(newest_ms_, clock_.WallMs());
      return newest_ms_;
    }
    const double span = static_cast<double>(kSpreadWindows * options_.stream.window_ms);
    const double done = static_cast<double>(sequence + 1) / static_cast<double>(options_.events);
    return begin_ms_ - static_cast<std::int64_t>(span * (1 - done));
  }

  double Seconds() const { return std::chrono::duration<double>(clock_.Now() - begin_).count(); }

 private:
  const ProduceOptions& options_;
  SystemClock clock_;
  const std::chrono::steady_clock::time_point begin_;
  const std::int64_t begin_ms_;
  std::int64_t newest_ms_ = 0;
};

}  // namespace

Result<Produced> Produce(const ProduceOptions& options, Logger& logger, Activity& activity,
                         const std::atomic<bool>& stop) {
  SEMEL_TRY_ASSIGN(const Destination destination, InspectTopic(options, logger));
  StreamOptions stream_options = options.stream;
  stream_options.partitions = destination.partitions;
  if (options.rate > 0) stream_options.records_per_second = options.rate;
  SEMEL_TRY_ASSIGN(TruthWriter truth, TruthWriter::Open(options.truth_path));
  Sender sender(options, destination, std::move(truth), stop);
  SEMEL_TRY(sender.Open(logger));

  activity.topic = &options.topic;
  Stream stream(stream_options);
  Schedule schedule(options);
  Result<void> sent;
  for (std::uint64_t i = 0; i < options.events && sent.has_value(); ++i) {
    schedule.AwaitTurn(i, stop);
    if (stop) break;
    sent = sender.Send(stream.Next(schedule.RecordMs(i)));
    activity.records = sender.produced().acknowledged;
  }
  SEMEL_TRY_ASSIGN(Produced produced, sender.Finish());
  if (!sent) return sent.error();
  produced.seconds = schedule.Seconds();
  return produced;
}

}  // namespace semel::prove
