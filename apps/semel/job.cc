#include "job.h"

#include <unistd.h>

#include <iostream>
#include <utility>

#include "base/clock.h"
#include "metrics/endpoints.h"
#include "wiring/progress.h"
#include "wiring/spdlog_logger.h"

namespace semel::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

bool IsLive(const std::string& property) {
  return property == "sasl.username" || property == "sasl.password";
}

void ReadAgain(const Job& job, const std::function<Result<PipelineOptions>()>& read_again,
               Logger& logger) {
  const auto options = read_again();
  if (!options) return logger.Error("SIGHUP changes nothing: " + options.error().message);
  job.TakeSecrets(*options, logger);
  logger.Info("secrets were read again");
}

}  // namespace

std::unique_ptr<Job> MakeJob(PipelineOptions options) {
  return std::visit([](auto& each) { return MakeJob(std::move(each)); }, options);
}

void TakeKafkaSecrets(const kafka::ClientSettings& ours, const kafka::ClientSettings& read,
                      Logger& logger) {
  const auto now = ours.credentials.Newer() ? ours.credentials.Newer() : CredentialsOf(ours);
  if (const auto credentials = CredentialsOf(read);
      credentials &&
      (!now || now->username != credentials->username || now->password != credentials->password)) {
    ours.credentials.Set(*credentials);
    logger.Info("other SASL credentials, for the next connections",
                {{"user", credentials->username}});
  }
  for (const auto& [name, value] : read.properties) {
    const auto known = ours.properties.find(name);
    if (!IsLive(name) && (known == ours.properties.end() || known->second != value))
      logger.Warning("a property of Kafka is another one now, and is taken at the next start only",
                     {{"property", name}});
  }
}

void WarnOfKeySecret(const KeyRule& ours, const KeyRule& read, Logger& logger) {
  if (ours.secret != read.secret)
    logger.Warning(
        "the secret of the fingerprints is another one now: that is another key rule, "
        "and is taken at the next start only");
}

Result<std::unique_ptr<metrics::HttpServer>> ServeMetrics(
    const std::string& address, std::vector<metrics::PipelineView> pipelines,
    metrics::RecentLog& logger) {
  if (address.empty()) return std::unique_ptr<metrics::HttpServer>();
  auto server = metrics::HttpServer::Start(
      address, metrics::Endpoints(std::move(pipelines), logger, SEMEL_VERSION));
  if (!server) return Error{server.error().action, "--metrics: " + server.error().message};
  logger.Info("metrics are served",
              {{"address", address}, {"metrics_port", std::to_string((*server)->port())}});
  return server;
}

int RunAlone(PipelineOptions options, const std::string& metrics, const RunFlags& run,
             const std::function<Result<PipelineOptions>()>& read_again) {
  Terminal terminal(STDERR_FILENO);
  const auto lines = MakeLogger(terminal, run.log_format(), run.log_level());
  const SystemClock clock;
  metrics::RecentLog logger(*lines, clock);
  const auto job = MakeJob(std::move(options));
  job->LogStart(logger);
  const auto start = SteadyClock::now();
  const auto seconds = [start] {
    return std::chrono::duration<double>(SteadyClock::now() - start).count();
  };
  std::function<void()> hangup;
  if (!terminal.interactive()) hangup = [&] { ReadAgain(*job, read_again, logger); };
  const auto done = [&]() -> Result<void> {
    StopSignals signals(logger, job->Forced(), job->Hangs(), hangup);  // before any other thread
    SEMEL_TRY_ASSIGN(const auto server, ServeMetrics(metrics, {job->View()}, logger));
    const Progress line(terminal, [&] { return job->ProgressText(seconds()); });
    return job->Run(signals, logger);
  }();
  if (run.json_summary())
    std::cout << job->Summary(seconds(), true) << std::endl;
  else if (done || job->has_worked())
    logger.Info(job->Summary(seconds(), false));
  return done ? 0 : EndWith(done.error(), logger);
}

int EndWith(const Error& error, Logger& logger) {
  const int code = ExitCode(error);
  logger.Error(error.message, {{"exit_code", std::to_string(code)}});
  return code;
}

}  // namespace semel::app
