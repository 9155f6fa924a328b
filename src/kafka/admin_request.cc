#include "kafka/admin_request.h"

#include <algorithm>
#include <array>

#include "kafka/client_conf.h"

namespace semel::kafka {
namespace {

constexpr int kSliceMs = 500;  // how often a wait looks whether there is any hope

}  // namespace

Result<std::unique_ptr<Instance>> OpenAdmin(const std::string& name, const ClientSettings& settings,
                                            Logger& logger) {
  SEMEL_TRY_ASSIGN(ConfPtr conf, AdminConf(settings));
  Instance::Parts parts;
  parts.name = name;
  parts.principal = Principal(settings);
  parts.credentials = settings.credentials;
  return Instance::Open(RD_KAFKA_CONSUMER, std::move(conf), std::move(parts), logger);
}

AdminRequest::AdminRequest(const Instance& instance, rd_kafka_admin_op_t operation,
                           Milliseconds timeout)
    : instance_(instance),
      deadline_(timeout),
      queue_(rd_kafka_queue_new(instance.get())),
      options_(rd_kafka_AdminOptions_new(instance.get(), operation)) {
  std::array<char, 256> text{};
  const int left = std::max(deadline_.LeftMs(), 1);
  rd_kafka_AdminOptions_set_request_timeout(options_.get(), left, text.data(), text.size());
  if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS || operation == RD_KAFKA_ADMIN_OP_DELETETOPICS)
    rd_kafka_AdminOptions_set_operation_timeout(options_.get(), left, text.data(), text.size());
}

Result<EventPtr> AdminRequest::Await(const std::string& what) const {
  EventPtr event;
  bool last = false;
  while (event == nullptr && !last) {
    last = deadline_.passed();  // librdkafka's own time-out comes first, with a better text
    event.reset(rd_kafka_queue_poll(queue_.get(), last ? kSliceMs : deadline_.SliceMs(kSliceMs)));
    rd_kafka_poll(instance_.get(), 0);  // serves the error callback
    if (instance_.broken()) return *instance_.broken();
  }
  if (event == nullptr) return instance_.Describe(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return instance_.Describe(code, what, rd_kafka_event_error_string(event.get()));
  return event;
}

}  // namespace semel::kafka
