#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "command.h"
#include "config/duration.h"
#include "console.h"
#include "dedup_flags.h"
#include "job.h"
#include "kafka/library_version.h"
#include "wiring/dedup_job.h"
#include "wiring/dedup_report.h"
#include "wiring/dry_run.h"
#include "wiring/job_topics.h"

namespace semel::app {
namespace {

class DedupJob final : public Job {
 public:
  explicit DedupJob(DedupOptions options)
      : options_(std::move(options)), board_(EmptySnapshot(options_)) {}

  void LogStart(Logger& logger) const override {
    logger.Info("semel dedup", {{"version", options_.version},
                                {"librdkafka", kafka::LibraryVersion()},
                                {"group", options_.group},
                                {"from", options_.from},
                                {"to", options_.to},
                                {"changelog", options_.changelog},
                                {"window", config::FormatDuration(options_.window)},
                                {"memory_limit", std::to_string(options_.memory_limit)},
                                {"kafka", MaskedDescription(options_.kafka)}});
    WarnOf(options_.kafka, logger);
  }

  Result<void> CreateTopics(Logger& logger) const override {
    return options_.create_topics ? CreateMissingTopics(options_, logger) : Result<void>();
  }

  Result<void> Run(StopSignals& signals, Logger& logger) override {
    if (options_.dry_run) return DryRun(options_, board_, logger, signals.token());
    return RunDedup(options_, board_, signals, logger);
  }

  metrics::PipelineView View() const override {
    return metrics::DedupView([this] { return board_.Read(); }, options_.version);
  }

  std::string ProgressText(double /*seconds*/) override {
    return progress_.Describe(Totals(board_.Read()), std::chrono::steady_clock::now());
  }

  std::string Summary(double seconds, bool json) const override {
    const JobTotals totals = Totals(board_.Read());
    return json ? SummaryJson(totals, seconds) : SummaryText(totals, seconds);
  }

  bool has_worked() const override { return Totals(board_.Read()).counts.read > 0; }

  void TakeSecrets(const PipelineOptions& options, Logger& logger) const override {
    const auto* read = std::get_if<DedupOptions>(&options);
    if (read == nullptr) return;
    TakeKafkaSecrets(options_.kafka, read->kafka, logger);
    WarnOfKeySecret(options_.key, read->key, logger);
    if (options_.redis && read->redis)
      options_.redis->access.password.Set(read->redis->access.password.Get());
  }

 private:
  const DedupOptions options_;
  metrics::Board board_;
  semel::ProgressText progress_;
};

}  // namespace

std::unique_ptr<Job> MakeJob(DedupOptions options) {
  return std::make_unique<DedupJob>(std::move(options));
}

void AddDedup(CLI::App& parent, Run& run) {
  CLI::App* const command = parent.add_subcommand(
      "dedup",
      "Reads a topic and writes each event once to another, exactly once through crashes and\n"
      "rebalances. Start it more than once to share the work.");
  command->footer(
      "Example: semel dedup --brokers localhost:9092 --from orders --to orders.unique \\\n"
      "           --key json:/order_id --window 7d --create-topics\n"
      "Exit codes: 0 done, 1 failure, 2 usage or configuration, 3 Kafka cannot be reached or\n"
      "refuses, 4 going on could lose or duplicate (the text says what to do).");
  const auto flags = std::make_shared<DedupFlags>();
  flags->AddTo(*command);
  command->callback([flags, &run] { run = [flags] { return RunAlone("dedup", *flags); }; });
}

}  // namespace semel::app
