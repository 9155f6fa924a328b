#include "client/outgoing.h"

#include <array>
#include <cstdint>

#include "kafka/instance.h"
#include "kafka/produce_variables.h"

namespace semel {
namespace {

constexpr std::uint64_t kTagEnd = std::uint64_t{1} << 63U;

// The call that takes headers and a timestamp; rd_kafka_produce, without, is cheaper.
rd_kafka_resp_err_t ProduceFull(rd_kafka_t* rk, rd_kafka_topic_t* topic,
                                const OutgoingMessage& message, void* opaque) {
  std::array<rd_kafka_vu_t, 8> variables{kafka::Variable(RD_KAFKA_VTYPE_RKT),
                                         kafka::Variable(RD_KAFKA_VTYPE_PARTITION),
                                         kafka::Variable(RD_KAFKA_VTYPE_MSGFLAGS),
                                         kafka::Variable(RD_KAFKA_VTYPE_OPAQUE),
                                         kafka::Memory(RD_KAFKA_VTYPE_KEY, message.key),
                                         kafka::Memory(RD_KAFKA_VTYPE_VALUE, message.value)};
  variables[0].u.rkt = topic;
  variables[1].u.i32 = message.partition;
  variables[2].u.i = RD_KAFKA_MSG_F_COPY;
  variables[3].u.ptr = opaque;
  std::size_t count = 6;
  if (message.timestamp_ms >= 0) {
    variables[count] = kafka::Variable(RD_KAFKA_VTYPE_TIMESTAMP);
    variables[count++].u.i64 = message.timestamp_ms;
  }
  kafka::HeadersPtr headers = kafka::CopyHeaders(message.headers);
  if (headers != nullptr) {
    variables[count] = kafka::Variable(RD_KAFKA_VTYPE_HEADERS);
    variables[count++].u.headers = headers.get();
  }
  const kafka::ErrorPtr error(rd_kafka_produceva(rk, variables.data(), count));
  if (error != nullptr) return rd_kafka_error_code(error.get());
  static_cast<void>(headers.release());  // taken with the message
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

std::string NameOf(const OutgoingMessage& message) {
  const std::string topic(message.topic);
  return message.partition < 0 ? topic : kafka::Name(topic, message.partition);
}

Result<void> Check(const OutgoingMessage& message) {
  const char* wrong = nullptr;
  if (message.topic.empty() || message.topic.find('\0') != std::string_view::npos)
    wrong = "a topic's name is not empty and holds no zero byte";
  else if (message.partition < -1)
    wrong = "partitions begin at 0; -1 chooses one";
  else if (message.timestamp_ms < -1 || message.timestamp_ms == 0)  // librdkafka takes 0 for now
    wrong = "timestamp_ms is 1 or above, or -1 for now";
  else if (message.tag >= kTagEnd)
    wrong = "the tag is not below 2^63";
  if (wrong == nullptr) return {};
  return Error{Action::kFix, "cannot write to " + NameOf(message) + ": " + wrong};
}

std::size_t BytesOf(const OutgoingMessage& message) {
  return kafka::SizeOf(message.key) + kafka::SizeOf(message.value);
}

rd_kafka_resp_err_t Produce(rd_kafka_t* rk, rd_kafka_topic_t* topic, const OutgoingMessage& message,
                            void* opaque) {
  if (!message.headers.empty() || message.timestamp_ms >= 0)
    return ProduceFull(rk, topic, message, opaque);
  if (rd_kafka_produce(topic, message.partition, RD_KAFKA_MSG_F_COPY,
                       const_cast<char*>(kafka::DataOf(message.value)),
                       kafka::SizeOf(message.value), kafka::DataOf(message.key),
                       kafka::SizeOf(message.key), opaque) == 0)
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  return rd_kafka_last_error();
}

}  // namespace semel
