#include "wiring/dedup_job.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "config/duration.h"
#include "kafka/rdkafka_client.h"
#include "pipeline/lane.h"
#include "pipeline/restorer.h"
#include "redis/redis_seen_set.h"
#include "wiring/instance_name.h"
#include "wiring/job_topics.h"
#include "wiring/lane_setup.h"
#include "wiring/redis_claims.h"
#include "wiring/until_end.h"

namespace semel {
namespace {

// The first error of any thread: it ends the job.
class JobOutcome {
 public:
  explicit JobOutcome(StopSignals& signals) : signals_(signals) {}

  void Fail(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (error_) return;
    error_ = error;
    signals_.SetExitCode(ExitCode(error));
    signals_.RequestStop();
  }

  Result<void> Take() const {
    const std::lock_guard lock(mutex_);
    return error_ ? Result<void>(*error_) : Result<void>();
  }

 private:
  StopSignals& signals_;
  mutable std::mutex mutex_;
  std::optional<Error> error_;
};

// What the lanes of one job have in common; outlives them.
struct Shared {
  const pipeline::LaneSettings settings;
  const std::optional<redis::ClaimSettings> claims;  ///< empty: in memory
  pipeline::MemoryBudget budget;
  metrics::Board& board;
  Logger& logger;
  SystemClock clock{};
  pipeline::SpreadDetector spread{settings.window, settings.from, clock, logger};
};

// A lane with its restorer, each on a thread of its own.
class LaneThreads {
 public:
  LaneThreads(kafka::ClientOptions options, int number, Shared& shared)
      : transactional_id_(options.transactional_id),
        number_(number),
        shared_(shared),
        client_(std::move(options), shared.logger) {
    if (shared.claims) claims_.emplace(*shared.claims, shared.clock, shared.logger);
  }

  Result<void> Start(const std::stop_token& stop, JobOutcome& outcome) {
    SEMEL_TRY_ASSIGN(Fingerprinter fingerprinter, Fingerprinter::Open(shared_.settings.key));
    SEMEL_TRY_ASSIGN(restorer_, pipeline::Restorer::Open({client_, shared_.settings, shared_.budget,
                                                          queue_, shared_.clock, shared_.logger}));
    lane_ = std::make_unique<pipeline::Lane>(
        pipeline::LaneParts{client_, shared_.settings, transactional_id_, number_, shared_.budget,
                            queue_, shared_.spread, shared_.board, shared_.clock, shared_.logger,
                            SeenSets()},
        std::move(fingerprinter));
    restoring_ = std::jthread([this](const std::stop_token& end) { restorer_->Run(end); });
    running_ = std::jthread([this, stop, &outcome] {
      if (const auto done = lane_->Run(stop); !done) outcome.Fail(done.error());
    });
    return {};
  }

  void Join() {
    if (running_.joinable()) running_.join();
  }

 private:
  pipeline::SeenSetOpener SeenSets() {
    if (!claims_) return {};
    return [this](kafka::Partition partition) {
      return redis::OpenRedisSeenSet(partition, *claims_, shared_.settings.accepted.gap);
    };
  }

  std::string transactional_id_;
  int number_;
  Shared& shared_;
  kafka::RdkafkaClient client_;
  std::optional<redis::Claims> claims_;
  pipeline::RestoreQueue queue_;
  std::unique_ptr<pipeline::Restorer> restorer_;
  std::unique_ptr<pipeline::Lane> lane_;
  std::jthread restoring_;
  std::jthread running_;  // ends first
};

// A start is the moment to hear of a wrong address or password.
Result<void> CheckReachable(const redis::ClaimSettings& claims, Logger& logger) {
  const SystemClock clock;
  const auto connected = redis::Claims(claims, clock, logger).Connect();
  if (connected || connected.error().action != Action::kRetry) return connected;
  return Error{Action::kConnect, connected.error().message};
}

Result<std::unique_ptr<UntilEnd>> WatchEnd(const kafka::ClientOptions& client,
                                           const Shared& shared) {
  kafka::RdkafkaClient own(client, shared.logger);
  SEMEL_TRY_ASSIGN(auto reader, own.OpenLogReader());
  return UntilEnd::Open(std::move(reader), shared.settings.from, shared.settings.input_partitions,
                        shared.logger);
}

}  // namespace

metrics::Snapshot EmptySnapshot(const DedupOptions& options) {
  metrics::Snapshot snapshot{.group = options.group,
                             .topic = options.from,
                             .output = options.to,
                             .key = options.key.parts,
                             .fingerprint_bits = options.key.bits,
                             .window_ms = options.window.count(),
                             .memory_limit_bytes = options.memory_limit,
                             .dry_run = options.dry_run};
  for (int lane = 0; lane < options.lanes; ++lane) snapshot.lanes.push_back({.lane = lane});
  return snapshot;
}

Result<void> RunDedup(const DedupOptions& options, metrics::Board& board, StopSignals& signals,
                      Logger& logger) {
  SEMEL_TRY_ASSIGN(const InstanceName instance,
                   TakeInstanceName(options.instance, options.state_dir));
  SEMEL_TRY_ASSIGN(const JobTopics topics, PrepareTopics(options, logger));
  const pipeline::LaneSettings settings = SettingsOf(options, topics);
  std::optional<redis::ClaimSettings> claims;
  if (options.redis) {
    SEMEL_TRY_ASSIGN(claims, ClaimsOf(options, settings, topics, logger));
    SEMEL_TRY(CheckReachable(*claims, logger));
  }
  Shared shared{settings, claims, pipeline::MemoryBudget(options.memory_limit), board, logger};
  const auto client_of = [&](int lane) {
    return ClientOf(options, shared.settings, instance, lane, BatchBytes(topics));
  };
  JobOutcome outcome(signals);
  std::unique_ptr<UntilEnd> end;
  if (options.until_end) {
    SEMEL_TRY_ASSIGN(end, WatchEnd(client_of(0), shared));
  }
  logger.Info("started", {{"instance", instance.name}, {"lanes", std::to_string(options.lanes)}});
  std::deque<LaneThreads> lanes;
  for (int lane = 0; lane < options.lanes; ++lane) {
    lanes.emplace_back(client_of(lane), lane, shared);
    if (const auto started = lanes.back().Start(signals.token(), outcome); !started)
      outcome.Fail(started.error());
  }
  if (end != nullptr)
    // Ready first: what a restore finds wrong must be told even where nothing is left to read.
    end->Start([&board] { return metrics::Ready(board.Read()); },
               [&signals] { signals.RequestStop(); },
               [&outcome](const Error& error) { outcome.Fail(error); });
  for (LaneThreads& lane : lanes) lane.Join();
  return outcome.Take();
}

}  // namespace semel
