// Asks the brokers for the topics of a job, makes the missing ones, and checks all of them.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "kafka/admin.h"
#include "wiring/dedup_options.h"
#include "wiring/topic_checks.h"

namespace semel {

/// Logs what is doubtful and what was created. `more`: further topics that are written to. Without
/// options.to there is no output, without options.changelog no changelog.
/// Errors: kFix, with all that does not fit and the commands that repair it; those of Admin.
Result<JobTopics> PrepareTopics(const DedupOptions& options, Logger& logger,
                                const std::vector<std::string>& more = {});

/// Creates what options.create_topics would, and checks nothing; returns when every broker should
/// know what was created, so that whoever reads it finds it. Errors: those of Admin.
Result<void> CreateMissingTopics(const DedupOptions& options, Logger& logger);

/// One topic, as the brokers know it now. Errors: those of Admin.
Result<KnownTopic> Know(kafka::Admin& admin, const std::string& name);

}  // namespace semel
