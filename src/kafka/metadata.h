// What brokers know of topics, asked for without waiting in vain.
#pragma once

#include <functional>
#include <string>

#include "kafka/deadline.h"
#include "kafka/instance.h"
#include "kafka/rdkafka_handles.h"
#include "semel/result.h"

namespace semel::kafka {

/// Of one topic; of all where `all` is set; else of those that the client knows. Ends early where
/// the client's error says that there is no hope; `serve` lets librdkafka call back, so that it is
/// heard of. Errors: kConnect, kRetry, kFail.
Result<MetadataPtr> AskMetadata(const Instance& instance, rd_kafka_topic_t* only, bool all,
                                const Deadline& deadline, const std::string& what,
                                const std::function<void()>& serve);

}  // namespace semel::kafka
