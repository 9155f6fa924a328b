// How a request of librdkafka's admin interface is made and waited for.
#pragma once

#include <string>

#include "kafka/deadline.h"
#include "kafka/instance.h"
#include "kafka/rdkafka_handles.h"

namespace semel::kafka {

/// A client for such requests. A consumer, because librdkafka's producers ask the brokers to create
/// topics that they describe. `name`: in logs and errors.
Result<std::unique_ptr<Instance>> OpenAdmin(const std::string& name, const ClientSettings& settings,
                                            Logger& logger);

class AdminRequest {
 public:
  /// `instance` outlives it.
  AdminRequest(const Instance& instance, rd_kafka_admin_op_t operation, Milliseconds timeout);

  // What the request is sent with.
  const rd_kafka_AdminOptions_t* options() const { return options_.get(); }
  rd_kafka_queue_t* queue() const { return queue_.get(); }

  /// The answer, or why there is none. `what` was tried.
  Result<EventPtr> Await(const std::string& what) const;

 private:
  const Instance& instance_;
  Deadline deadline_;
  QueuePtr queue_;
  AdminOptionsPtr options_;
};

}  // namespace semel::kafka
