#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "command.h"
#include "console.h"
#include "job.h"
#include "kafka/library_version.h"
#include "serve_flags.h"

namespace semel::app {
namespace {

class ServeJob final : public Job {
 public:
  explicit ServeJob(ServeOptions options) : options_(std::move(options)) {}

  void LogStart(Logger& logger) const override {
    logger.Info("semel serve", {{"version", options_.version},
                                {"librdkafka", kafka::LibraryVersion()},
                                {"kafka", MaskedDescription(options_.kafka)}});
    for (const ingest::Endpoint& endpoint : options_.endpoints)
      logger.Info("endpoint", {{"path", endpoint.path}, {"topic", endpoint.topic}});
    WarnOf(options_.kafka, logger);
  }

  Result<void> Run(StopSignals& signals, Logger& logger) override {
    return RunServe(options_, board_, signals, logger);
  }

  std::chrono::milliseconds Hangs() const override { return ServeHangs(options_); }
  const char* Forced() const override {
    return "A client that has no answer sends its events again";
  }

  metrics::PipelineView View() const override {
    const bool local = options_.edge_memory_bytes > 0;
    return ingest::ServeView([this] { return board_.Read(); },
                             {.endpoints = options_.endpoints,
                              .edge_memory = options_.edge_redis ? "redis"
                                             : local             ? "local"
                                                                 : "none",
                              .version = options_.version});
  }

  std::string ProgressText(double seconds) override { return Summary(seconds, false); }

  std::string Summary(double seconds, bool json) const override {
    return json ? SummaryJson(board_.Read(), seconds) : SummaryText(board_.Read(), seconds);
  }

  bool has_worked() const override { return true; }

  void TakeSecrets(const PipelineOptions& options, Logger& logger) const override {
    const auto* read = std::get_if<ServeOptions>(&options);
    if (read == nullptr) return;
    TakeKafkaSecrets(options_.kafka, read->kafka, logger);
    if (!options_.endpoints.empty() && !read->endpoints.empty())
      WarnOfKeySecret(options_.endpoints.front().key, read->endpoints.front().key, logger);
    if (options_.keys && read->keys) {
      options_.keys->Replace(*read->keys);
      logger.Info("API keys", {{"keys", std::to_string(read->keys->size())}});
    }
    if (read->live_tls.Get()) {
      options_.live_tls.Set(read->live_tls.Get());
      logger.Info("TLS certificate and key, for the next connections");
    }
    if (options_.edge_redis && read->edge_redis)
      options_.edge_redis->password.Set(read->edge_redis->password.Get());
  }

 private:
  const ServeOptions options_;
  ServeBoard board_;
};

}  // namespace

std::unique_ptr<Job> MakeJob(ServeOptions options) {
  return std::make_unique<ServeJob>(std::move(options));
}

void AddServe(CLI::App& parent, Run& run) {
  CLI::App* const command =
      parent.add_subcommand("serve",
                            "Takes events by HTTP and writes them to a topic, keyed by their "
                            "fingerprint. It answers when\n"
                            "all in-sync replicas have them.");
  command->footer(
      "Example: semel serve --brokers localhost:9092 --to events --key json:/event_id\n"
      "         curl localhost:8080/v1/events --json '{\"event_id\": 1}'\n"
      "A client repeats what was not answered with 2xx; `semel dedup` behind it lets each event\n"
      "through once. See docs/serve.md.\n"
      "Exit codes: 0 stopped by a signal, 1 failure, 2 usage or configuration, 3 Kafka cannot be\n"
      "reached or refuses.");
  const auto flags = std::make_shared<ServeFlags>();
  flags->AddTo(*command);
  command->callback([flags, &run] { run = [flags] { return RunAlone("serve", *flags); }; });
}

}  // namespace semel::app
