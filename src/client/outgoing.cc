#include "client/outgoing.h"

#include <array>
#include <cstdint>

#include "kafka/instance.h"
#include "kafka/rdkafka_handles.h"

namespace semel {
namespace {

constexpr std::uint64_t kTagEnd = std::uint64_t{1} << 63U;

// To librdkafka a null pointer means null, whatever the size.
const char* DataOf(const Bytes& bytes) {
  if (!bytes) return nullptr;
  return bytes->data() == nullptr ? "" : bytes->data();
}
std::size_t SizeOf(const Bytes& bytes) { return bytes ? bytes->size() : 0; }

kafka::HeadersPtr Copy(std::span<const Header> headers) {
  kafka::HeadersPtr copy(rd_kafka_headers_new(headers.size()));
  for (const auto& [name, value] : headers)
    rd_kafka_header_add(copy.get(), name.data(), static_cast<ssize_t>(name.size()), DataOf(value),
                        static_cast<ssize_t>(SizeOf(value)));
  return copy;
}

rd_kafka_vu_t Unit(rd_kafka_vtype_t type) {
  rd_kafka_vu_t unit{};
  unit.vtype = type;
  return unit;
}

// The call that takes headers and a timestamp; rd_kafka_produce, without, is cheaper.
rd_kafka_resp_err_t ProduceFull(rd_kafka_t* rk, rd_kafka_topic_t* topic,
                                const OutgoingMessage& message, void* opaque) {
  std::array<rd_kafka_vu_t, 8> units{Unit(RD_KAFKA_VTYPE_RKT),      Unit(RD_KAFKA_VTYPE_PARTITION),
                                     Unit(RD_KAFKA_VTYPE_MSGFLAGS), Unit(RD_KAFKA_VTYPE_KEY),
                                     Unit(RD_KAFKA_VTYPE_VALUE),    Unit(RD_KAFKA_VTYPE_OPAQUE)};
  units[0].u.rkt = topic;
  units[1].u.i32 = message.partition;
  units[2].u.i = RD_KAFKA_MSG_F_COPY;
  units[3].u.mem = {const_cast<char*>(DataOf(message.key)), SizeOf(message.key)};
  units[4].u.mem = {const_cast<char*>(DataOf(message.value)), SizeOf(message.value)};
  units[5].u.ptr = opaque;
  std::size_t count = 6;
  if (message.timestamp_ms >= 0) {
    units[count] = Unit(RD_KAFKA_VTYPE_TIMESTAMP);
    units[count++].u.i64 = message.timestamp_ms;
  }
  kafka::HeadersPtr headers;
  if (!message.headers.empty()) {
    headers = Copy(message.headers);
    units[count] = Unit(RD_KAFKA_VTYPE_HEADERS);
    units[count++].u.headers = headers.get();
  }
  const kafka::ErrorPtr error(rd_kafka_produceva(rk, units.data(), count));
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
  return SizeOf(message.key) + SizeOf(message.value);
}

rd_kafka_resp_err_t Produce(rd_kafka_t* rk, rd_kafka_topic_t* topic, const OutgoingMessage& message,
                            void* opaque) {
  if (!message.headers.empty() || message.timestamp_ms >= 0)
    return ProduceFull(rk, topic, message, opaque);
  if (rd_kafka_produce(topic, message.partition, RD_KAFKA_MSG_F_COPY,
                       const_cast<char*>(DataOf(message.value)), SizeOf(message.value),
                       DataOf(message.key), SizeOf(message.key), opaque) == 0)
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  return rd_kafka_last_error();
}

}  // namespace semel
