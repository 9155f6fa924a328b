// Reads what rd_kafka_consumer_group_metadata_write wrote: generation and member id decide whether
// the broker will fence a transaction's offsets, and old librdkafka has no call to ask for them.
#pragma once

#include <string>

#include "kafka/client.h"

namespace semel::kafka {

/// Errors: kFail when `serialized` is not in the known format.
Result<GroupToken> ParseGroupToken(std::string serialized);

}  // namespace semel::kafka
