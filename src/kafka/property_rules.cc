#include "kafka/property_rules.h"

#include <algorithm>
#include <iterator>

namespace semel::kafka {
namespace {

struct Refused {
  std::string_view name;
  const char* reason;
};

constexpr const char* kCommits = "offsets are committed in the transaction only";
constexpr const char* kLoss = "records could be lost or repeated without a word";
constexpr const char* kRetries =
    "a record is tried until the transaction's time-out; set transaction.timeout.ms";
constexpr const char* kOwn = "it has a flag of its own: --group, --instance or --brokers";
constexpr const char* kInner = "it is not for use from outside";
constexpr const char* kForeignCode = "it would load foreign code into this process";
constexpr const char* kNegotiated = "transactions need the version that the brokers speak";

constexpr Refused kRefused[] = {
    {"acks", kLoss},
    {"allow.auto.create.topics", "topics are created by --create-topics only"},
    {"api.version.fallback.ms", kNegotiated},
    {"api.version.request", kNegotiated},
    {"auto.commit.enable", kCommits},
    {"auto.commit.interval.ms", kCommits},
    {"auto.offset.reset", "where reading begins is decided by --start and --on-reset"},
    {"broker.version.fallback", kNegotiated},
    {"consume.callback.max.messages", kInner},
    {"default_topic_conf", kInner},
    {"delivery.report.only.error", kLoss},
    {"delivery.timeout.ms", kRetries},
    {"dr_cb", kInner},
    {"dr_msg_cb", kInner},
    {"enable.auto.commit", kCommits},
    {"enable.auto.offset.store", kCommits},
    {"enable.gapless.guarantee", kInner},
    {"enable.idempotence", kLoss},
    {"enable.partition.eof", "--until-end and the restore need it"},
    {"enabled_events", kInner},
    {"group.id", kOwn},
    {"group.instance.id", kOwn},
    {"group.protocol", "only the classic group protocol is supported"},
    {"group.protocol.type", kInner},
    {"group.remote.assignor", "only the classic group protocol is supported"},
    {"interceptors", kInner},
    {"internal.termination.signal", kInner},
    {"isolation.level", "aborted records could be delivered"},
    {"log.queue", kInner},
    {"message.send.max.retries", kRetries},
    {"message.timeout.ms", kRetries},
    {"msg_order_cmp", kInner},
    {"offset.store.method", kCommits},
    {"offset.store.path", kCommits},
    {"offset.store.sync.interval.ms", kCommits},
    {"opaque", kInner},
    {"partitioner", "the output partition is the input partition"},
    {"partitioner_cb", kInner},
    {"plugin.library.paths", kForeignCode},
    {"produce.offset.report", kInner},
    {"queuing.strategy", "the order of the records would be lost"},
    {"request.required.acks", kLoss},
    {"retries", kRetries},
    {"topic.blacklist", "topics would seem not to exist"},
    {"transactional.id", "it is made of --group and --instance"},
};

struct Alias {
  std::string_view name;
  std::string_view canonical;
};

// A test holds them against the library's own list.
constexpr Alias kAliases[] = {
    {"acks", "request.required.acks"},
    {"bootstrap.servers", "metadata.broker.list"},
    {"compression.type", "compression.codec"},
    {"delivery.timeout.ms", "message.timeout.ms"},
    {"linger.ms", "queue.buffering.max.ms"},
    {"max.in.flight", "max.in.flight.requests.per.connection"},
    {"max.partition.fetch.bytes", "fetch.message.max.bytes"},
    {"retries", "message.send.max.retries"},
    {"sasl.mechanism", "sasl.mechanisms"},
    // of later librdkafka versions
    {"sasl.oauthbearer.client.credentials.client.id", "sasl.oauthbearer.client.id"},
    {"sasl.oauthbearer.client.credentials.client.secret", "sasl.oauthbearer.client.secret"},
};

bool EndsWithCallback(std::string_view name) {
  return name.ends_with("_cb") || name.starts_with("internal.") || name.starts_with("go.") ||
         name.starts_with("dotnet.");
}

}  // namespace

std::string_view CanonicalName(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kAliases), std::end(kAliases),
                   [name](const Alias& candidate) { return candidate.name == name; });
  return found == std::end(kAliases) ? name : found->canonical;
}

const char* WhyRefused(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kRefused), std::end(kRefused),
                   [name](const Refused& candidate) { return candidate.name == name; });
  if (found != std::end(kRefused)) return found->reason;
  return EndsWithCallback(name) ? kInner : nullptr;
}

bool IsInner(std::string_view name) {
  const char* reason = WhyRefused(name);
  return reason == kInner || reason == kForeignCode;
}

// By pattern, so that the secrets of later librdkafka versions are covered too.
bool IsSecret(std::string_view name) {
  const auto contains = [name](std::string_view part) {
    return name.find(part) != std::string_view::npos;
  };
  return contains("password") || contains("passphrase") || contains("secret") ||
         contains("private.key") || name.ends_with(".pem") || name == "sasl.oauthbearer.config";
}

bool IsMasked(std::string_view name) {
  return IsSecret(name) || name == "sasl.username" || name == "ssl.key.location";
}

}  // namespace semel::kafka
