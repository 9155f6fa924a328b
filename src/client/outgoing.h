// A message on its way into librdkafka.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <string>

#include "semel/producer.h"
#include "semel/result.h"

namespace semel {

/// "orders [3]", or "orders" where librdkafka chooses the partition.
std::string NameOf(const OutgoingMessage& message);

/// What librdkafka would not refuse, or not understand. Errors: kFix.
Result<void> Check(const OutgoingMessage& message);

/// Of key and value.
std::size_t BytesOf(const OutgoingMessage& message);

/// Copies the message into the queue of `producer`, or says why not.
rd_kafka_resp_err_t Produce(rd_kafka_t* producer, rd_kafka_topic_t* topic,
                            const OutgoingMessage& message, void* opaque);

}  // namespace semel
