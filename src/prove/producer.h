// Writes the stream into a topic and the truth about it into a file.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/log.h"
#include "kafka/settings.h"
#include "prove/activity.h"
#include "prove/stream.h"
#include "semel/result.h"

namespace semel::prove {

enum class RecordTime : std::uint8_t {
  kNow,     ///< the time of sending
  kSpread,  ///< evenly over the last three windows, so that all that windows do happens
};

struct ProduceOptions {
  kafka::ClientSettings settings;
  std::string topic;
  std::string truth_path;
  std::uint64_t events = 0;  ///< records, copies included
  std::uint64_t rate = 0;    ///< records a second; 0: as fast as the brokers take them
  RecordTime record_time = RecordTime::kNow;
  StreamOptions stream;  ///< `partitions` is the topic's, whatever it says here
};

struct Produced {
  std::uint64_t acknowledged = 0;
  std::uint64_t failed = 0;  ///< in the topic or not: the brokers did not say
  std::string first_failure;
  std::uint64_t copies = 0;  ///< among what was sent
  double seconds = 0;
};

/// Sends with an idempotent producer (acks=all) until all is sent or `stop` is set. The truth file
/// holds exactly what was acknowledged, also when this returns an error.
/// Errors: kFix (no such topic, retention shorter than the spread, file), kConnect, kFail.
Result<Produced> Produce(const ProduceOptions& options, Logger& logger, Activity& activity,
                         const std::atomic<bool>& stop);

}  // namespace semel::prove
