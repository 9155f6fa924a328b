#include "sink/dead_letters.h"

#include <utility>

namespace semel::sink {
namespace {

// Below the time after which the server ends a transaction that is left alone (30 s).
constexpr std::chrono::milliseconds kDeliveryTimeout{15'000};

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
  // How large a record may be is for the brokers to say.
  producer.properties.try_emplace("message.max.bytes", "1000000000");
  producer.delivery_timeout = kDeliveryTimeout;
  producer.on_delivery = [self = letters.get()](const Delivery& delivery) {
    if (delivery.error && !self->failed_) self->failed_ = *delivery.error;
  };
  producer.log = [&logger](LogLevel level, std::string_view line) { LogTo(logger, level, line); };
  SEMEL_TRY_ASSIGN(letters->producer_, Producer::Open(std::move(producer)));
  letters->credentials_ = letters->options_.kafka.credentials.Listen(
      [self = letters.get()](const kafka::Credentials& newer) {
        self->producer_->SetCredentials(newer.username, newer.password);
      });
  return letters;
}

Result<void> DeadLetterTopic::Send(const Record& record, const std::string& reason) {
  const std::string partition = std::to_string(record.partition);
  const std::string offset = std::to_string(record.offset);
  headers_.assign(record.headers.begin(), record.headers.end());
  headers_.push_back({"semel-reason", reason});
  headers_.push_back({"semel-topic", options_.from});
  headers_.push_back({"semel-partition", partition});
  headers_.push_back({"semel-offset", offset});
  const auto sent =
      producer_->Send({.topic = options_.topic,
                       .key = record.key,
                       .value = record.value,
                       .headers = headers_,
                       .timestamp_ms = record.timestamp_ms > 0 ? record.timestamp_ms : -1,
                       .partition = record.partition % options_.partitions});
  if (!sent) return Refused(sent.error());
  return {};
}

Result<void> DeadLetterTopic::Flush() {
  const auto flushed = producer_->Flush(kDeliveryTimeout + std::chrono::seconds{1});
  if (failed_) return Refused(*std::exchange(failed_, std::nullopt));
  if (!flushed) return Refused(flushed.error());
  return {};
}

Error DeadLetterTopic::Refused(const Error& why) const {
  const std::string text = "dead-letter topic " + options_.topic + ": " + why.message;
  if (why.action == Action::kRejectRecord) return {Action::kStop, text};
  return {why.action, text};
}

}  // namespace semel::sink
