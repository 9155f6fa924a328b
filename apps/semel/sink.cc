#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "command.h"
#include "console.h"
#include "job.h"
#include "kafka/library_version.h"
#include "sink_flags.h"
#include "wiring/sink_job.h"
#include "wiring/sink_report.h"

namespace semel::app {
namespace {

class SinkJob final : public Job {
 public:
  explicit SinkJob(SinkOptions options) : options_(std::move(options)) {
    board_.Publish({.topic = options_.from, .table = options_.table.Quoted()});
  }

  void LogStart(Logger& logger) const override {
    logger.Info("semel sink postgres", {{"version", options_.version},
                                        {"librdkafka", kafka::LibraryVersion()},
                                        {"group", options_.group},
                                        {"from", options_.from},
                                        {"table", options_.table.Quoted()},
                                        {"kafka", MaskedDescription(options_.kafka)}});
    WarnOf(options_.kafka, logger);
  }

  Result<void> Run(StopSignals& signals, Logger& logger) override {
    return RunSink(options_, board_, signals, logger);
  }

  metrics::PipelineView View() const override {
    return metrics::SinkView([this] { return board_.Read(); }, options_.group, options_.version);
  }

  std::string ProgressText(double /*seconds*/) override {
    return progress_.Describe(board_.Read(), std::chrono::steady_clock::now());
  }

  std::string Summary(double seconds, bool json) const override {
    return json ? SummaryJson(board_.Read(), seconds) : SummaryText(board_.Read(), seconds);
  }

  bool has_worked() const override { return board_.Read().read > 0; }

  void TakeSecrets(const PipelineOptions& options, Logger& logger) const override {
    const auto* read = std::get_if<SinkOptions>(&options);
    if (read == nullptr) return;
    TakeKafkaSecrets(options_.kafka, read->kafka, logger);
    WarnOfKeySecret(options_.key, read->key, logger);
    if (options_.conninfo.Set(read->conninfo.Get()))
      logger.Info("another connection string, for the next session with PostgreSQL");
  }

 private:
  const SinkOptions options_;
  metrics::SinkBoard board_;
  SinkProgressText progress_;
};

void AddPostgres(CLI::App& parent, Run& run) {
  CLI::App* const command = parent.add_subcommand("postgres",
                                                  "Reads a topic and writes each record as a row, "
                                                  "exactly once through crashes of either side.\n"
                                                  "Start it more than once to share the work.");
  command->footer(
      "Example: semel sink postgres --brokers localhost:9092 --from orders.unique \\\n"
      "           --to postgresql://semel@localhost/shop --table orders --create-table\n"
      "Exit codes: 0 done, 1 failure, 2 usage or configuration, 3 Kafka or PostgreSQL refuses,\n"
      "4 going on could lose or duplicate, or a record cannot be a row (the text says what to "
      "do).");
  const auto flags = std::make_shared<SinkFlags>();
  flags->AddTo(*command);
  command->callback([flags, &run] { run = [flags] { return RunAlone("sink postgres", *flags); }; });
}

}  // namespace

std::unique_ptr<Job> MakeJob(SinkOptions options) {
  return std::make_unique<SinkJob>(std::move(options));
}

void AddSink(CLI::App& parent, Run& run) {
  CLI::App* const command = parent.add_subcommand("sink", "Writes a topic into a database.");
  command->require_subcommand(1);
  AddPostgres(*command, run);
}

}  // namespace semel::app
