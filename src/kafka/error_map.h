// The one table from librdkafka's error codes to what the caller should do (Action) and what the
// person should do.
#pragma once

#include <string_view>

#include "kafka/rdkafka_handles.h"
#include "semel/result.h"

namespace semel::kafka {

/// What was being tried, for the message.
struct Attempt {
  std::string_view what;         ///< "commit the transaction of semel.orders-a-0"
  std::string_view principal;    ///< who we are to the brokers; empty when not known
  std::string_view operation{};  ///< the ACL operation that it needs of the topic: "Write"
};

/// True when the table has `code`; a code that it lacks is treated as kFail.
bool IsMapped(rd_kafka_resp_err_t code);

Action ActionOf(rd_kafka_resp_err_t code);

/// True when another producer with the same transactional id made ours worthless.
bool IsFencing(rd_kafka_resp_err_t code);

/// `detail` is librdkafka's own text; empty takes its description of `code`.
Error ToError(rd_kafka_resp_err_t code, const Attempt& attempt, std::string_view detail = {});

/// Errors of the transactional calls and of the other calls that return an object. Looks at
/// is_fatal first, then requires_abort, then is_retriable; none of them means fatal.
Error ToError(const rd_kafka_error_t& error, const Attempt& attempt);

}  // namespace semel::kafka
