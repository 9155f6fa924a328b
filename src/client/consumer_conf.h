// From the options of a consumer to librdkafka's configuration.
#pragma once

#include <string>

#include "kafka/rdkafka_handles.h"
#include "kafka/settings.h"
#include "semel/consumer.h"

namespace semel {

/// Takes the properties that have an option of their own out of `options.properties`.
/// Errors: kFix, naming the property.
Result<void> TakeOptions(ConsumerOptions& options);

/// Refuses what librdkafka would take for a place of another kind. Errors: kFix, about `what`.
Result<void> CheckPlace(const Place& place, const std::string& what);

/// After TakeOptions, with `settings` of the properties that are left.
Result<kafka::ConfPtr> ConfOf(const ConsumerOptions& options,
                              const kafka::ClientSettings& settings);

}  // namespace semel
