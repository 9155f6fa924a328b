// How a request of librdkafka's admin interface is made and waited for.
#pragma once

#include <string>

#include "kafka/deadline.h"
#include "kafka/instance.h"
#include "kafka/rdkafka_handles.h"

namespace semel::kafka {

AdminOptionsPtr AdminOptions(rd_kafka_t* rk, rd_kafka_admin_op_t operation,
                             const Deadline& deadline);

/// The answer of an admin request that was sent with `queue`, or why there is none. `what` was
/// tried.
Result<EventPtr> AwaitAdmin(const Instance& instance, rd_kafka_queue_t* queue,
                            const Deadline& deadline, const std::string& what);

}  // namespace semel::kafka
