// What lanes are set up with, from what the user said and what the topics are like.
#pragma once

#include "kafka/rdkafka_client.h"
#include "pipeline/policy.h"
#include "wiring/dedup_options.h"
#include "wiring/instance_name.h"
#include "wiring/topic_checks.h"

namespace semel {

pipeline::LaneSettings SettingsOf(const DedupOptions& options, const JobTopics& topics);

/// `lane`: its number in the process, part of its names.
kafka::ClientOptions ClientOf(const DedupOptions& options, const pipeline::LaneSettings& settings,
                              const InstanceName& instance, int lane, int batch_bytes);

}  // namespace semel
