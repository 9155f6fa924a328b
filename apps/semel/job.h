// A pipeline that runs: the commands `dedup`, `serve` and `sink` have one, `semel run` has several.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/log.h"
#include "console.h"
#include "metrics/http_server.h"
#include "metrics/pipeline_view.h"
#include "metrics/recent_log.h"
#include "run_file.h"
#include "run_flags.h"
#include "semel/result.h"
#include "wiring/stop_signals.h"

namespace semel::app {

/// Threads: Run has one of its own; the rest is called from any other, before, beside and after it.
class Job {
 public:
  Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  virtual ~Job() = default;

  virtual void LogStart(Logger& logger) const = 0;

  /// Creates the topics that it may create, so that jobs behind it find them.
  virtual Result<void> CreateTopics(Logger& /*logger*/) const { return {}; }

  /// Until `signals` knows of a stop, or an error.
  virtual Result<void> Run(StopSignals& signals, Logger& logger) = 0;

  /// How long the end may take, and what a longer one means for the messages: for StopSignals.
  virtual std::chrono::milliseconds Hangs() const { return std::chrono::seconds{15}; }
  virtual const char* Forced() const { return kReadAgain; }

  /// What --metrics serves of it.
  virtual metrics::PipelineView View() const = 0;

  virtual std::string ProgressText(double seconds) = 0;
  virtual std::string Summary(double seconds, bool json) const = 0;
  /// Has it done anything that a summary would tell of?
  virtual bool has_worked() const = 0;

  /// `options` as they are read now: takes the secrets that can be changed while it runs, and warns
  /// of those that cannot.
  virtual void TakeSecrets(const PipelineOptions& options, Logger& logger) const = 0;
};

std::unique_ptr<Job> MakeJob(DedupOptions options);
std::unique_ptr<Job> MakeJob(ServeOptions options);
std::unique_ptr<Job> MakeJob(SinkOptions options);
std::unique_ptr<Job> MakeJob(PipelineOptions options);

/// What TakeSecrets does in all of them.
void TakeKafkaSecrets(const kafka::ClientSettings& ours, const kafka::ClientSettings& read,
                      Logger& logger);
void WarnOfKeySecret(const KeyRule& ours, const KeyRule& read, Logger& logger);

/// Serves what is seen of `pipelines` at `address`, HOST:PORT; nothing where that is empty. Errors
/// name --metrics.
Result<std::unique_ptr<metrics::HttpServer>> ServeMetrics(
    const std::string& address, std::vector<metrics::PipelineView> pipelines,
    metrics::RecentLog& logger);

/// The whole of a command that is one job, from its first line of the log to the exit code.
/// `read_again` is called at SIGHUP, except at a terminal, where SIGHUP ends the process.
int RunAlone(PipelineOptions options, const std::string& metrics, const RunFlags& run,
             const std::function<Result<PipelineOptions>()>& read_again);

/// The same, from the flags on.
template <typename Flags>
int RunAlone(const char* command, const Flags& flags) {
  const auto read = [&flags]() -> Result<PipelineOptions> {
    SEMEL_TRY_ASSIGN(auto options, flags.Options());
    options.version = SEMEL_VERSION;
    return PipelineOptions(std::move(options));
  };
  auto options = read();
  if (!options) return Fail(command, options.error());
  const std::string metrics = std::visit([](const auto& each) { return each.metrics; }, *options);
  return RunAlone(*std::move(options), metrics, flags.run(), read);
}

/// Says why it ended, and returns the exit code.
int EndWith(const Error& error, Logger& logger);

}  // namespace semel::app
