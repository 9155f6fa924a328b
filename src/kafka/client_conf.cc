#include "kafka/client_conf.h"

#include <algorithm>
#include <array>

#include "kafka/library_version.h"
#include "kafka/send_queue.h"

namespace semel::kafka {
namespace {

constexpr int kMegabyte = 1'000'000;
// Records of 100 MB pass: a response holds one such record beside what fits into fetch.max.bytes.
constexpr int kLargestResponse = 1000 * kMegabyte;

// What a user may change.
const Properties& CommonDefaults() {
  static const Properties kDefaults = {
      {"client.id", "semel"},
      {"log.connection.close", "false"},
      {"socket.keepalive.enable", "true"},
      {"socket.nagle.disable", "true"},
      {"topic.metadata.refresh.interval.ms", "30000"},
      {"reconnect.backoff.max.ms", "1000"},  // a broker that is back is used at once
  };
  return kDefaults;
}

// What one partition gives at once is left at 1 MB, the default: more fills memory, not time.
const Properties& FetchDefaults() {
  static const Properties kDefaults = {
      // A stuck broker is given up after 10 s, yet a record of 100 MB has time to arrive.
      {"socket.timeout.ms", "10000"},
      {"fetch.max.bytes", std::to_string(50 * kMegabyte)},
      {"receive.message.max.bytes", std::to_string(kLargestResponse)},
      {"fetch.error.backoff.ms", "100"},
      // Read ahead enough to keep a lane busy, and no more: there are many lanes.
      {"queued.min.messages", "100000"},
      {"queued.max.messages.kbytes", "65536"},
  };
  return kDefaults;
}

Result<void> Set(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
  std::array<char, 512> text{};
  if (rd_kafka_conf_set(conf, name, value.c_str(), text.data(), text.size()) != RD_KAFKA_CONF_OK)
    return Error{Action::kFix, std::string(name) + ": " + text.data()};
  return {};
}

Result<void> SetAll(rd_kafka_conf_t* conf, const Properties& properties) {
  for (const auto& [name, value] : properties) SEMEL_TRY(Set(conf, name, value));
  return {};
}

// Defaults first, then the user's, then what nobody may change.
Result<ConfPtr> Build(const ClientSettings& settings, const Properties& defaults,
                      const Properties& fixed) {
  SEMEL_TRY(CheckLibrary(rd_kafka_version()));
  SEMEL_TRY(Check(settings));
  ConfPtr conf(rd_kafka_conf_new());
  SEMEL_TRY(SetAll(conf.get(), CommonDefaults()));
  SEMEL_TRY(SetAll(conf.get(), defaults));
  for (const auto& [name, value] : settings.properties)
    SEMEL_TRY(Set(conf.get(), name.c_str(), value));
  if (const auto newer = settings.credentials.Newer()) {
    SEMEL_TRY(Set(conf.get(), "sasl.username", newer->username));
    SEMEL_TRY(Set(conf.get(), "sasl.password", newer->password));
  }
  SEMEL_TRY(Set(conf.get(), "bootstrap.servers", settings.brokers));
  SEMEL_TRY(SetAll(conf.get(), fixed));
  return conf;
}

}  // namespace

// A named member that loses its session between giving partitions back and joining again is given
// what it had last, with no rebalance (KIP-345); what it gave back under the cooperative protocol
// would have no owner until some other one. Under the eager protocol each generation gives all.
Properties MembershipDefaults(const std::string& instance) {
  constexpr int kCooperativeIsSound = 0x020601ff;  // before: endless rebalances (librdkafka #4783)
  const bool cooperative = instance.empty() && rd_kafka_version() >= kCooperativeIsSound;
  return {{"partition.assignment.strategy", cooperative ? "cooperative-sticky" : "range"},
          {"session.timeout.ms", std::to_string(kSessionTimeoutMs)},
          {"heartbeat.interval.ms", "500"},
          {"max.poll.interval.ms", std::to_string(kMaxPollIntervalMs)}};
}

Result<ConfPtr> ConsumerConf(const ClientSettings& settings, const std::string& group,
                             const std::string& instance) {
  Properties defaults = FetchDefaults();
  for (const Property& each : MembershipDefaults(instance)) defaults.push_back(each);
  SEMEL_TRY_ASSIGN(ConfPtr conf, Build(settings, defaults,
                                       {{"group.id", group},
                                        {"enable.auto.commit", "false"},
                                        {"enable.auto.offset.store", "false"},
                                        {"auto.offset.reset", "error"},
                                        {"isolation.level", "read_committed"},
                                        {"allow.auto.create.topics", "false"},
                                        {"enable.partition.eof", "true"},
                                        {"check.crcs", "true"}}));
  if (!instance.empty()) SEMEL_TRY(Set(conf.get(), "group.instance.id", instance));
  return conf;
}

Result<ConfPtr> ProducerConf(const ClientSettings& settings, const std::string& transactional_id,
                             int batch_bytes) {
  const int timeout = NumberOr(settings, "transaction.timeout.ms", kTransactionTimeoutMs);
  // librdkafka refuses a socket time-out above the transaction's.
  const int socket = std::min(NumberOr(settings, "socket.timeout.ms", timeout), timeout);
  return Build(settings,
               {{"compression.type", "lz4"},
                {"linger.ms", "1000"},  // of what makes no full batch; a commit flushes
                {"max.in.flight.requests.per.connection", "4"},
                {"batch.num.messages", std::to_string(SendQueue::kBatchRecords)},
                {"queue.buffering.max.messages", "1000000"},
                {"queue.buffering.max.kbytes", "1048576"},
                // How large a record may be is for the brokers to say.
                {"message.max.bytes", std::to_string(1000 * kMegabyte)}},
               {{"batch.size", std::to_string(batch_bytes)},
                {"transactional.id", transactional_id},
                {"transaction.timeout.ms", std::to_string(timeout)},
                {"message.timeout.ms", std::to_string(timeout)},
                {"socket.timeout.ms", std::to_string(socket)},
                {"enable.idempotence", "true"},
                {"acks", "all"}});
}

Result<ConfPtr> LogReaderConf(const ClientSettings& settings, const std::string& group,
                              bool committed_only) {
  Properties defaults = FetchDefaults();
  defaults.emplace_back("max.partition.fetch.bytes", std::to_string(8 * kMegabyte));
  return Build(settings, defaults,
               {{"group.id", group},
                // A restore ends with an empty fetch at the end of the log: nothing to wait for.
                {"fetch.wait.max.ms", "10"},
                {"enable.auto.commit", "false"},
                {"enable.auto.offset.store", "false"},
                {"auto.offset.reset", "error"},
                {"isolation.level", committed_only ? "read_committed" : "read_uncommitted"},
                {"allow.auto.create.topics", "false"},
                {"enable.partition.eof", "true"},
                {"check.crcs", "true"}});
}

Result<ConfPtr> AdminConf(const ClientSettings& settings) {
  return Build(settings, {{"socket.timeout.ms", "10000"}}, {{"allow.auto.create.topics", "false"}});
}

Result<ConfPtr> LibraryConf(const ClientSettings& settings, const Properties& defaults,
                            const Properties& fixed) {
  return Build(settings, defaults, fixed);
}

}  // namespace semel::kafka
