#include "kafka/admin_request.h"

#include <algorithm>
#include <array>

namespace semel::kafka {
namespace {

constexpr int kSliceMs = 500;  // how often a wait looks whether there is any hope

}  // namespace

AdminOptionsPtr AdminOptions(rd_kafka_t* rk, rd_kafka_admin_op_t operation,
                             const Deadline& deadline) {
  AdminOptionsPtr options(rd_kafka_AdminOptions_new(rk, operation));
  std::array<char, 256> text{};
  const int timeout = std::max(deadline.LeftMs(), 1);
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout, text.data(), text.size());
  if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS || operation == RD_KAFKA_ADMIN_OP_DELETETOPICS)
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), timeout, text.data(), text.size());
  return options;
}

Result<EventPtr> AwaitAdmin(const Instance& instance, rd_kafka_queue_t* queue,
                            const Deadline& deadline, const std::string& what) {
  EventPtr event;
  bool last = false;
  while (event == nullptr && !last) {
    last = deadline.passed();  // librdkafka's own time-out comes first, with a better text
    event.reset(rd_kafka_queue_poll(queue, last ? kSliceMs : deadline.SliceMs(kSliceMs)));
    rd_kafka_poll(instance.get(), 0);  // serves the error callback
    if (instance.broken()) return *instance.broken();
  }
  if (event == nullptr) return instance.Describe(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return instance.Describe(code, what, rd_kafka_event_error_string(event.get()));
  return event;
}

}  // namespace semel::kafka
