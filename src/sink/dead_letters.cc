#include "sink/dead_letters.h"

#include <algorithm>
#include <utility>

#include "sink/place.h"

namespace semel::sink {
namespace {

// Below the time after which the server ends a transaction that is left alone (30 s).
constexpr std::chrono::milliseconds kDeliveryTimeout{15'000};

// A batch of one record, without key, value and headers; and a header without its texts.
constexpr std::size_t kRecordBytes = 128;
constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kReasonMax = 1'000;  // a server's text may quote the row
constexpr std::size_t kBatchMax = 1'000'000;
// What librdkafka takes for message.max.bytes.
constexpr std::size_t kSmallest = 1'000;
constexpr std::size_t kLargest = 1'000'000'000;

std::size_t Size(const Bytes& bytes) { return bytes ? bytes->size() : 0; }

std::size_t BytesWithoutValue(const Record& record, const std::vector<Header>& headers) {
  std::size_t bytes = kRecordBytes + Size(record.key);
  for (const Header& header : headers)
    bytes += kHeaderBytes + header.name.size() + Size(header.value);
  return bytes;
}

void LogTo(Logger& logger, LogLevel level, std::string_view line) {
  logger.Write(level, line, {{"client", "dead letters"}});
}

}  // namespace

Result<std::unique_ptr<DeadLetterTopic>> DeadLetterTopic::Open(Options options, Logger& logger) {
  std::unique_ptr<DeadLetterTopic> letters(new DeadLetterTopic(std::move(options)));
  ProducerOptions producer;
  producer.brokers = letters->options_.kafka.brokers;
  for (const auto& [name, value] : letters->options_.kafka.properties)
    producer.properties[name] = value;
  // Of a batch that is too large the brokers refuse all records.
  const std::size_t most = std::clamp(letters->options_.max_bytes, kSmallest, kLargest);
  producer.properties.try_emplace("message.max.bytes", std::to_string(most));
  producer.properties.try_emplace("batch.size", std::to_string(std::min(most, kBatchMax)));
  producer.delivery_timeout = kDeliveryTimeout;
  producer.on_delivery = [self = letters.get()](const Delivery& delivery) {
    self->OnDelivery(delivery);
  };
  producer.log = [&logger](LogLevel level, std::string_view line) { LogTo(logger, level, line); };
  SEMEL_TRY_ASSIGN(letters->producer_, Producer::Open(std::move(producer)));
  letters->credentials_ = letters->options_.kafka.credentials.Listen(
      [self = letters.get()](const kafka::Credentials& newer) {
        self->producer_->SetCredentials(newer.username, newer.password);
      });
  return letters;
}

// Flush may give up before librdkafka does: a report of what was sent before that names nothing of
// what was sent since.
void DeadLetterTopic::OnDelivery(const Delivery& delivery) {
  if (!delivery.error || failed_ || delivery.tag < flushed_) return;
  failed_ = {*delivery.error, delivery.tag - flushed_};
}

Result<void> DeadLetterTopic::Send(const Record& record, const std::string& reason) {
  const std::string partition = std::to_string(record.partition);
  const std::string offset = std::to_string(record.offset);
  const std::string size = std::to_string(Size(record.value));
  headers_.assign(record.headers.begin(), record.headers.end());
  headers_.push_back({"semel-reason", std::string_view(reason).substr(0, kReasonMax)});
  headers_.push_back({"semel-topic", options_.from});
  headers_.push_back({"semel-partition", partition});
  headers_.push_back({"semel-offset", offset});
  sent_.push_back(Place(options_.from, record));
  Bytes value = record.value;
  if (BytesWithoutValue(record, headers_) + Size(value) > options_.max_bytes) {
    headers_.push_back({"semel-truncated", size});
    const std::size_t others = BytesWithoutValue(record, headers_);
    if (others > options_.max_bytes)
      return Refused({Action::kRejectRecord, "key and headers are larger than max.message.bytes, " +
                                                 std::to_string(options_.max_bytes)},
                     sent_.back());
    if (value) value = value->substr(0, options_.max_bytes - others);
  }
  const auto sent =
      producer_->Send({.topic = options_.topic,
                       .key = record.key,
                       .value = value,
                       .headers = headers_,
                       .timestamp_ms = record.timestamp_ms > 0 ? record.timestamp_ms : -1,
                       .partition = record.partition % options_.partitions,
                       .tag = flushed_ + sent_.size() - 1});
  if (!sent) return Refused(sent.error(), sent_.back());
  return {};
}

Result<void> DeadLetterTopic::Flush() {
  const auto flushed = producer_->Flush(kDeliveryTimeout + std::chrono::seconds{1});
  const std::vector<std::string> places = std::exchange(sent_, {});
  flushed_ += places.size();
  if (const auto failed = std::exchange(failed_, std::nullopt))
    return Refused(failed->why, places.at(failed->place));
  if (!flushed) return Refused(flushed.error(), places.empty() ? "" : places.front());
  return {};
}

Error DeadLetterTopic::Refused(const Error& why, const std::string& place) const {
  const std::string text =
      "the dead letter of " + place + " for topic " + options_.topic + ": " + why.message;
  if (why.action == Action::kRejectRecord) return {Action::kStop, text};
  return {why.action, text};
}

}  // namespace semel::sink
