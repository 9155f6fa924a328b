#include <unistd.h>

#include <chrono>
#include <iostream>
#include <memory>

#include "command.h"
#include "config/duration.h"
#include "console.h"
#include "dedup_flags.h"
#include "kafka/rdkafka_client.h"
#include "metrics/endpoints.h"
#include "wiring/dedup_job.h"
#include "wiring/dedup_report.h"
#include "wiring/dry_run.h"
#include "wiring/progress.h"

namespace semel::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

void LogStart(const DedupOptions& options, Logger& logger) {
  logger.Info("semel dedup", {{"version", options.version},
                              {"librdkafka", kafka::LibraryVersion()},
                              {"group", options.group},
                              {"from", options.from},
                              {"to", options.to},
                              {"changelog", options.changelog},
                              {"window", config::FormatDuration(options.window)},
                              {"memory_limit", std::to_string(options.memory_limit)},
                              {"kafka", MaskedDescription(options.kafka)}});
  WarnOf(options.kafka, logger);
}

Result<std::unique_ptr<metrics::HttpServer>> ServeMetrics(const DedupOptions& options,
                                                          const metrics::Board& board,
                                                          Logger& logger) {
  if (options.metrics.empty()) return std::unique_ptr<metrics::HttpServer>();
  auto server = metrics::HttpServer::Start(
      options.metrics, metrics::WorkerRoutes([&board] { return board.Read(); }, options.version));
  if (!server) return Error{server.error().action, "--metrics: " + server.error().message};
  logger.Info("metrics are served",
              {{"address", options.metrics}, {"port", std::to_string((*server)->port())}});
  return server;
}

Result<void> Work(const DedupOptions& options, metrics::Board& board, Terminal& terminal,
                  Logger& logger) {
  StopSignals signals(logger, kReadAgain);  // before any other thread
  SEMEL_TRY_ASSIGN(const auto server, ServeMetrics(options, board, logger));
  ProgressText text;
  const Progress line(terminal,
                      [&] { return text.Describe(Totals(board.Read()), SteadyClock::now()); });
  if (options.dry_run) return DryRun(options, board, logger, signals.token());
  return RunDedup(options, board, signals, logger);
}

int RunCommand(const DedupFlags& flags) {
  auto options = flags.Options();
  if (!options) return Fail("dedup", options.error());
  options->version = SEMEL_VERSION;
  Terminal terminal(STDERR_FILENO);
  const auto logger = MakeLogger(terminal, flags.log_format(), flags.log_level());
  LogStart(*options, *logger);
  metrics::Board board(EmptySnapshot(*options));
  const auto start = SteadyClock::now();
  const auto done = Work(*options, board, terminal, *logger);
  const JobTotals totals = Totals(board.Read());
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
  if (flags.json_summary())
    std::cout << SummaryJson(totals, seconds) << std::endl;
  else if (done || totals.counts.read > 0)
    logger->Info(SummaryText(totals, seconds));
  if (done) return 0;
  const int code = ExitCode(done.error());
  logger->Error(done.error().message, {{"exit_code", std::to_string(code)}});
  return code;
}

}  // namespace

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
  command->callback([flags, &run] { run = [flags] { return RunCommand(*flags); }; });
}

}  // namespace semel::app
