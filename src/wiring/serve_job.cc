#include "wiring/serve_job.h"

#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "base/file.h"
#include "config/duration.h"
#include "ingest/kafka_sink.h"
#include "ingest/local_memory.h"
#include "ingest/openapi.h"
#include "ingest/redis_memory.h"
#include "ingest/routes.h"
#include "ingest/server.h"
#include "ingest/service.h"
#include "kafka/admin.h"
#include "redis/claim_script.h"
#include "wiring/log_watch.h"
#include "wiring/random_seed.h"
#include "wiring/topic_checks.h"

namespace semel {
namespace {

using ingest::Server;
using ingest::Service;
using std::chrono::milliseconds;

constexpr milliseconds kAdminTimeout{30'000};
constexpr milliseconds kLook{50};
constexpr milliseconds kLastAnswers{2'000};
constexpr milliseconds kForced{5'000};
constexpr std::int64_t kRecordOverhead = 512;      // of a record and its batch beside key and value
constexpr std::int64_t kMessageBytes = 1'048'588;  // Kafka's default
constexpr std::int64_t kMessageBytesMin = 1'000;   // librdkafka's bounds
constexpr std::int64_t kMessageBytesMax = 1'000'000'000;
constexpr std::size_t kOtherDescriptors = 256;

struct ServedTopics {
  std::string cluster_id;
  std::vector<ingest::SinkTopic> topics;
};

/// What one record may have in key and value.
std::size_t MessageBytes(const KnownTopic& topic) {
  const std::int64_t limit = topic.Number("max.message.bytes", kMessageBytes) - kRecordOverhead;
  return static_cast<std::size_t>(std::clamp(limit, kMessageBytesMin, kMessageBytesMax));
}

/// A compacted topic takes no record without a key, and what it does not take is nobody's fault.
Result<void> CheckKeyless(const ServeOptions& options, const KnownTopic& topic) {
  const auto policy = topic.config.find("cleanup.policy");
  if (policy == topic.config.end() || policy->second.find("compact") == std::string::npos)
    return {};
  for (const ingest::Endpoint& endpoint : options.endpoints)
    if (endpoint.topic == topic.name && endpoint.on_missing == ingest::OnMissing::kAccept)
      return Error{Action::kFix, "--on-missing accept: topic " + topic.name +
                                     " is compacted (cleanup.policy), and takes no event without "
                                     "a key"};
  return {};
}

Result<ServedTopics> CheckTopics(const ServeOptions& options, kafka::Admin& admin, Logger& logger) {
  ServedTopics served;
  SEMEL_TRY_ASSIGN(served.cluster_id, admin.ClusterId(kAdminTimeout));
  for (const ingest::Endpoint& endpoint : options.endpoints) {
    if (std::ranges::find(served.topics, endpoint.topic, &ingest::SinkTopic::name) !=
        served.topics.end())
      continue;
    KnownTopic topic{.name = endpoint.topic};
    SEMEL_TRY_ASSIGN(topic.description, admin.Describe(topic.name, kAdminTimeout));
    if (!topic.description.exists)
      return Error{Action::kFix, "there is no topic " + topic.name +
                                     "; make one: semel topic create " + topic.name + " " +
                                     kafka::SemelFlags(options.kafka)};
    SEMEL_TRY_ASSIGN(topic.config, admin.Config(topic.name, kAdminTimeout));
    SEMEL_TRY(CheckKeyless(options, topic));
    served.topics.push_back({topic.name, topic.description.partitions, MessageBytes(topic)});
    if (topic.description.min_replicas < 2 || topic.Number("min.insync.replicas", 2) < 2)
      logger.Warning("topic " + topic.name +
                     " may have only one replica in sync: an acknowledged event is lost with that "
                     "broker's disk. Use 3 replicas and min.insync.replicas=2");
  }
  return served;
}

/// A connection is a descriptor; the usual limit is 1024 for all.
void RaiseDescriptorLimit(std::size_t connections, Logger& logger) {
  const rlim_t wanted = connections + kOtherDescriptors;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted)
    logger.Warning("the limit of open files is too low for --max-connections: see ulimit -n",
                   {{"limit", std::to_string(limit.rlim_cur)}});
}

std::chrono::seconds SteadySeconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::steady_clock::now().time_since_epoch()) +
         std::chrono::seconds(1);  // never 0, which means empty
}

Result<std::shared_ptr<ingest::EdgeMemory>> MakeMemory(const ServeOptions& options,
                                                       const ingest::Endpoint& endpoint,
                                                       const std::string& cluster_id,
                                                       Logger& logger) {
  using Memory = std::shared_ptr<ingest::EdgeMemory>;
  if (options.edge_redis) {
    SEMEL_TRY_ASSIGN(const Fingerprinter fingerprinter, Fingerprinter::Open(endpoint.key));
    // A topic of another cluster may have the same name: what is there is not here.
    const std::string topic = cluster_id + "/" + endpoint.topic;
    const RuleIdentity rule{.rule_hash = fingerprinter.RuleHash(), .bits = endpoint.key.bits};
    return Memory(std::make_shared<ingest::RedisMemory>(
        ingest::RedisMemorySettings{.access = *options.edge_redis,
                                    .prefix = redis::KeyPrefix("edge", rule, topic),
                                    .bits = endpoint.key.bits,
                                    .time_to_live = options.edge_time_to_live},
        logger));
  }
  if (options.edge_memory_bytes == 0) return Memory();
  return Memory(std::make_shared<ingest::LocalMemory>(
      options.edge_memory_bytes, endpoint.key.bits,
      std::chrono::duration_cast<std::chrono::seconds>(options.edge_time_to_live), RandomSeed(),
      SteadySeconds));
}

/// Topics whose events are remembered.
std::vector<WatchedTopic> ToWatch(const Service& service,
                                  const std::vector<ingest::SinkTopic>& topics) {
  std::vector<WatchedTopic> watched;
  for (const ingest::SinkTopic& topic : topics) {
    WatchedTopic each{.name = topic.name, .partitions = topic.partitions};
    for (std::size_t i = 0; i < service.endpoints.size(); ++i)
      if (service.endpoints[i].topic == topic.name && service.memories[i])
        each.memories.push_back(service.memories[i]);
    if (!each.memories.empty()) watched.push_back(std::move(each));
  }
  return watched;
}

void WarnIfReadable(const std::string& file, Logger& logger) {
  if (ReadableByAll(file))
    logger.Warning(file + " holds secrets and everybody may read it: chmod 600");
}

void SetUp(const ServeOptions& options, Service& service, Logger& logger) {
  service.endpoints = options.endpoints;
  service.keys = options.keys;
  WarnIfReadable(options.tls.key, logger);
  WarnIfReadable(options.key_file, logger);
  if (service.keys && options.tls.certificate.empty())
    logger.Warning("API keys without --tls-certificate: whoever sees the traffic has them");
  service.cors_origins = options.cors_origins;
  service.openapi = ingest::OpenApi(service, options.version);
}

bool MemoryFailing(const Service& service) {
  return std::ranges::any_of(service.memories,
                             [](const auto& memory) { return memory && memory->failing(); });
}

ingest::ServeTotals Totals(const Server& server, const Service& service,
                           const ingest::KafkaSink& sink) {
  ingest::ServeTotals totals = ingest::Sum(server.counters());
  totals.turned_away = server.turned_away();
  totals.events_in_flight = sink.in_flight();
  totals.bytes_in_flight = service.budget.used();
  for (const auto& memory : service.memories)
    if (memory) totals.remembered += memory->entries();
  totals.memory_failing = MemoryFailing(service);
  totals.draining = service.draining;
  totals.ready = !totals.draining;
  totals.kafka_failing = sink.failing();
  return totals;
}

/// Until somebody wants it to end, or nothing can be taken any more.
Result<void> Await(const ingest::KafkaSink& sink, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (const auto broken = sink.broken())
      return Error{Action::kFail, broken->message + "; start again"};
    std::this_thread::sleep_for(kLook);
  }
  return {};
}

void Drain(const ServeOptions& options, Service& service, Server& server, ingest::KafkaSink& sink,
           Logger& logger) {
  service.draining = true;
  std::this_thread::sleep_for(options.drain_delay);
  server.StopAccepting();
  const bool idle = server.AwaitIdle(options.drain_timeout);
  sink.Close(milliseconds{0});  // whoever still waits is answered: not in time
  if (!idle) server.AwaitIdle(kLastAnswers);
  logger.Info("drained",
              {{"unanswered", std::to_string(ingest::Sum(server.counters()).in_flight)}});
}

}  // namespace

milliseconds ServeHangs(const ServeOptions& options) {
  return options.drain_delay + options.drain_timeout + kLastAnswers + kForced;
}

ingest::ServeTotals ServeBoard::Read() const {
  const std::lock_guard lock(mutex_);
  return source_ ? source_() : ingest::ServeTotals{};
}

void ServeBoard::SetSource(std::function<ingest::ServeTotals()> source) {
  const std::lock_guard lock(mutex_);
  source_ = std::move(source);
}

Result<void> RunServe(const ServeOptions& options, ServeBoard& board, StopSignals& signals,
                      Logger& logger) {
  RaiseDescriptorLimit(options.limits.connections, logger);
  Service service(options.limits);
  SetUp(options, service, logger);
  const Server::Options listening{
      .listen = options.listen, .threads = options.threads, .tls = options.live_tls};
  SEMEL_TRY_ASSIGN(auto admin, kafka::Admin::Open(options.kafka, logger));
  SEMEL_TRY_ASSIGN(const ServedTopics served, CheckTopics(options, *admin, logger));
  for (const auto& endpoint : options.endpoints) {
    SEMEL_TRY_ASSIGN(auto memory, MakeMemory(options, endpoint, served.cluster_id, logger));
    service.memories.push_back(std::move(memory));
  }
  SEMEL_TRY_ASSIGN(const auto sink,
                   ingest::KafkaSink::Open({.kafka = options.kafka,
                                            .topics = served.topics,
                                            .delivery_timeout = options.delivery_timeout,
                                            .events = options.limits.events_in_flight,
                                            .bytes = options.limits.bytes_in_flight},
                                           logger));
  SEMEL_TRY_ASSIGN(auto watch,
                   LogWatch::Start(std::move(admin), ToWatch(service, served.topics), logger));
  service.sink = sink.get();
  service.details = [&sink, &service] {
    const auto state = [](bool failing) { return failing ? "\"failing\"" : "\"ok\""; };
    return std::string("\"kafka\":") + state(sink->failing()) +
           ",\"edge_memory\":" + state(MemoryFailing(service));
  };
  auto server = Server::Start(listening, service);
  if (!server) {
    return Error{server.error().action, "--listen: " + server.error().message};
  }
  board.SetSource([&] { return Totals(**server, service, *sink); });
  logger.Info("listening",
              {{"address", options.listen}, {"port", std::to_string((*server)->port())}});
  const auto done = Await(*sink, signals.token());
  watch->Stop();
  Drain(options, service, **server, *sink, logger);
  watch.reset();  // memories end with the server, and may answer it then
  const ingest::ServeTotals last = board.Read();
  board.SetSource([last] { return last; });
  return done;
}

}  // namespace semel
