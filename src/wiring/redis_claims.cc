#include "wiring/redis_claims.h"

#include <algorithm>

#include "config/duration.h"
#include "kafka/admin.h"
#include "pipeline/effective_time.h"
#include "pipeline/restorer.h"
#include "semel/fingerprint.h"

namespace semel {
namespace {

constexpr std::chrono::milliseconds kTimeout{15'000};
constexpr std::int64_t kForEverMs = 36'500LL * 24 * 3600 * 1000;

/// Whatever the input still has may be read as late as that.
void WarnOfShort(std::chrono::milliseconds time_to_live, std::chrono::milliseconds window,
                 std::int64_t retention_ms, Logger& logger) {
  if (retention_ms < 0 || retention_ms > kForEverMs) return;
  const std::chrono::milliseconds needed = window + std::chrono::milliseconds(retention_ms);
  if (time_to_live >= needed) return;
  logger.Warning(
      "--seen-ttl is shorter than the window and the input's retention together: what is "
      "read with a lag of more than --seen-ttl less the window may come out twice",
      {{"seen-ttl", config::FormatDuration(time_to_live)},
       {"window", config::FormatDuration(window)},
       {"retention.ms", std::to_string(retention_ms)}});
}

}  // namespace

Result<redis::ClaimSettings> ClaimsOf(const DedupOptions& options,
                                      const pipeline::LaneSettings& settings,
                                      const JobTopics& topics, Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(options.kafka, logger));
  SEMEL_TRY_ASSIGN(const std::string cluster_id, admin->ClusterId(kTimeout));
  SEMEL_TRY_ASSIGN(const Fingerprinter fingerprinter, Fingerprinter::Open(options.key));
  redis::ClaimSettings claims{
      .access = options.redis->access,
      .prefix = redis::KeyPrefix(options.group, pipeline::RuleOf(fingerprinter, settings),
                                 cluster_id + "/" + options.from),
      .bits = options.key.bits,
      .window = options.window,
      .time_to_live = options.redis->time_to_live};
  const bool given = claims.time_to_live.count() > 0;
  const std::int64_t retention = topics.input.Number("retention.ms", -1);
  if (given) {
    WarnOfShort(claims.time_to_live, options.window, retention, logger);
    return claims;
  }
  if (retention < 0)
    return Error{Action::kFix, "topic " + options.from +
                                   " keeps its records for ever, so that nothing says how long "
                                   "Redis must remember: give --seen-ttl, the window and the "
                                   "longest lag together"};
  // Timestamps may be ahead of the clock for so long.
  const std::chrono::milliseconds ahead(pipeline::kClockSkewMaxMs);
  claims.time_to_live =
      options.window + std::chrono::milliseconds(std::min(retention, kForEverMs)) + ahead;
  return claims;
}

}  // namespace semel
