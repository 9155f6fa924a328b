#include "serve_flags.h"

#include <algorithm>

#include "base/core_dumps.h"
#include "base/file.h"
#include "config/size.h"
#include "config/yaml_file.h"
#include "duration_flag.h"
#include "endpoint_flag.h"
#include "ingest/event_reader.h"
#include "metrics/listener.h"

namespace semel::app {
namespace {

using std::chrono::milliseconds;

constexpr const char* kViewEventPath = "/api-fast/view-event";
const std::vector<std::string> kViewEventKey{"json:/userId", "json:/content_id", "json:/event_name",
                                             "json:/event_datetime", "json:/sid"};

/// The flags of one group of the help text.
class Group {
 public:
  Group(CLI::App& command, std::string name) : command_(command), name_(std::move(name)) {}

  template <typename Value>
  CLI::Option* Add(const char* flag, Value& value, const char* type, const char* text) {
    return command_.add_option(flag, value, text)->type_name(type)->group(name_);
  }
  CLI::Option* Text(const char* flag, std::string& value, const char* type, const char* text) {
    CLI::Option* const option = Add(flag, value, type, text);
    return value.empty() ? option : option->capture_default_str();
  }
  void Count(const char* flag, std::size_t& value, const char* text) {
    Add(flag, value, "N", text)
        ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 40U).description(""))
        ->capture_default_str();
  }
  void Time(const char* flag, std::int64_t& value, const char* standard, const char* text) {
    Add(flag, value, "DURATION", text)->default_str(standard)->transform(Duration());
  }
  void Choice(const char* flag, std::string& value, const char* type,
              const std::vector<std::string>& choices, const char* text) {
    Text(flag, value, type, text)->check(CLI::IsMember(choices).description(""));
  }
  CLI::Option* Several(const char* flag, std::vector<std::string>& values, const char* type,
                       const char* text) {
    return Add(flag, values, type, text)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
  }

 private:
  CLI::App& command_;
  const std::string name_;
};

Result<void> CheckAddress(const char* flag, const std::string& address) {
  const auto right = metrics::CheckAddress(address);
  if (!right) return Error{Action::kFix, std::string(flag) + ": " + right.error().message};
  return {};
}

/// What one request may be has to fit into what all may be: else it is told to come again for ever.
Result<void> CheckRoom(const ingest::Limits& limits) {
  if (limits.events_in_flight < limits.batch_events)
    return Error{Action::kFix, "--max-events-in-flight is below --max-batch: a batch of " +
                                   std::to_string(limits.batch_events) + " events would never fit"};
  const std::size_t largest = ingest::LargestRequest(limits);
  if (limits.bytes_in_flight < largest)
    return Error{Action::kFix, "--max-bytes-in-flight: " + std::to_string(largest) +
                                   " bytes and more are needed, or a request that --max-body and "
                                   "--max-decompressed allow would never fit"};
  return {};
}

}  // namespace

void ServeFlags::AddTo(CLI::App& command) {
  kafka_.AddTo(command);
  AddEndpoints(command);
  key_rule_.AddTo(command);
  AddClients(command);
  AddRequestLimits(command);
  AddServerLimits(command);
  AddMemory(command);
  AddRun(command);
  run_.AddTo(command);
  config::AddSettingsFile(command, kafka_.from_file());
}

void ServeFlags::AddEndpoints(CLI::App& command) {
  Group group(command, "What is served");
  group.Text("--listen", options_.listen, "HOST:PORT", "Address; :PORT is all interfaces");
  group.Text("--to", to_, "TOPIC", "Topic of the events that come to --path; it must exist");
  group.Text("--path", path_, "PATH", "Takes one event, an array of them, or a line each");
  group.Text("--view-event-to", view_event_to_, "TOPIC",
             "Also serve /api-fast/view-event: one event, its key userId, content_id,\n"
             "event_name, event_datetime and sid");
  group.Several(
      "--endpoint", endpoints_, "NAME=VALUE",
      "One more path; repeat for more. 'path=/v1/clicks to=clicks key=json:/click_id\n"
      "key=json:/shop on-missing=accept batches=false': key may be repeated; what is not\n"
      "said is as for --path. In a file also {path: /v1/clicks, to: clicks, ...}");
  group.Choice("--on-missing", on_missing_, "reject|accept", {"reject", "accept"},
               "A part of the key is absent or cannot be read; accept: write it without key");
}

void ServeFlags::AddClients(CLI::App& command) {
  Group group(command, "Who may send");
  CLI::Option* const certificate = group.Text("--tls-certificate", options_.tls.certificate, "FILE",
                                              "Serve HTTPS: certificate and chain, PEM");
  CLI::Option* const key =
      group.Text("--tls-key", options_.tls.key, "FILE", "Its private key, PEM");
  certificate->needs(key);
  key->needs(certificate);
  group
      .Text("--tls-client-ca", options_.tls.client_ca, "FILE",
            "Only clients with a certificate that one of these (PEM) has signed")
      ->needs(certificate);
  CLI::Option* const keys =
      group.Text("--api-keys", key_file_, "FILE",
                 "Lines NAME SHA256-OF-THE-KEY [TOPIC...]; without it anybody may send");
  group.Add("--key-rate", key_rate_, "N", "Events a second for each API key [no limit]")
      ->check(CLI::Range(0.001, 1e9).description(""))
      ->needs(keys);
  group.Several("--cors-origin", options_.cors_origins, "ORIGIN",
                "Pages of this origin may send (*: any); repeat for more");
}

void ServeFlags::AddRequestLimits(CLI::App& command) {
  Group group(command, "What one request may be");
  ingest::Limits& limits = options_.limits;
  group.Text("--max-header", sizes_.header, "SIZE", "Header, request line included");
  group.Count("--max-header-fields", limits.header_fields, "Fields of a header");
  group.Text("--max-body", sizes_.body, "SIZE", "Body, as it comes");
  group.Text("--max-decompressed", sizes_.decompressed, "SIZE", "Body, decompressed");
  group.Count("--max-compression-ratio", limits.compression_ratio,
              "How many times larger than compressed");
  group.Count("--max-batch", limits.batch_events, "Events in one request");
  group.Add("--max-depth", max_depth_, "N", "How deep its JSON may be nested")
      ->check(CLI::Range(std::size_t{1}, kMaxJsonDepth).description(""))
      ->capture_default_str();
  group.Time("--header-timeout", ms_.header, "10s", "Until the header is whole");
  group.Time("--body-grace", ms_.body_grace, "10s", "Until --min-body-rate counts");
  group.Count("--min-body-rate", limits.body_rate, "Bytes a second that a body must come with");
  group.Time("--idle-timeout", ms_.idle, "30s", "Between two requests of a connection");
}

void ServeFlags::AddServerLimits(CLI::App& command) {
  Group group(command, "What all together may be (above: 503 and Retry-After)");
  ingest::Limits& limits = options_.limits;
  group.Count("--max-connections", limits.connections, "Open connections");
  group.Count("--max-events-in-flight", limits.events_in_flight,
              "Events that Kafka has not acknowledged");
  group.Text("--max-bytes-in-flight", sizes_.in_flight, "SIZE",
             "Bodies being served; as much again may wait in the producer");
  group.Time("--delivery-timeout", ms_.delivery, "15s",
             "How long an event is tried before its client is told to send it again");
}

void ServeFlags::AddMemory(CLI::App& command) {
  Group group(command, "Answering copies without sending them again");
  group.Text("--edge-memory", sizes_.edge, "SIZE",
             "What is remembered of acknowledged events, for each path; 0: nothing.\n"
             "Full, it forgets the oldest");
  group
      .Text("--edge-redis", edge_redis_, "redis://[USER@]HOST[:PORT][/DB]",
            "Remember it there instead, for all instances (rediss://: with TLS). Without its\n"
            "answer the service goes on")
      ->excludes("--edge-memory");
  redis_.AddTo(command, "Answering copies without sending them again");
  group.Time("--edge-ttl", ms_.edge, "7d", "For how long; not above the window of semel dedup");
}

void ServeFlags::AddRun(CLI::App& command) {
  Group group(command, "This process");
  group.Add("--threads", options_.threads, "N", "Threads that serve")
      ->check(CLI::Range(1, 256).description(""))
      ->capture_default_str();
  group.Time("--drain-delay", ms_.drain_delay, "0s",
             "At SIGTERM, serve on for so long with /readyz at 503");
  group.Time("--drain-timeout", ms_.drain, "20s", "Then finish what is under way");
  group.Text("--metrics", options_.metrics, "HOST:PORT", "Serve /metrics, /livez and /readyz");
}

Result<std::vector<ingest::Endpoint>> ServeFlags::Endpoints() const {
  std::vector<ingest::Endpoint> endpoints;
  SEMEL_TRY_ASSIGN(const KeyRule rule, key_rule_.Rule());
  ingest::Endpoint main{.path = path_, .topic = to_, .key = rule};
  main.max_depth = max_depth_;
  if (on_missing_ == "accept") main.on_missing = ingest::OnMissing::kAccept;
  SEMEL_TRY(CheckPath("--path ", path_));
  if (!to_.empty()) endpoints.push_back(main);
  if (!view_event_to_.empty()) {
    ingest::Endpoint& view = endpoints.emplace_back(main);
    view.path = kViewEventPath;
    view.topic = view_event_to_;
    view.key.parts = kViewEventKey;
    view.batches = false;
  }
  for (const std::string& text : endpoints_) {
    SEMEL_TRY_ASSIGN(endpoints.emplace_back(), ParseEndpoint(text, main));
  }
  if (endpoints.empty())
    return Error{Action::kFix,
                 "--to, --view-event-to or --endpoint: say which topic takes the events"};
  for (auto each = endpoints.begin(); each != endpoints.end(); ++each) {
    SEMEL_TRY(ingest::EventReader::Open(*each));
    if (std::ranges::find(endpoints.begin(), each, each->path, &ingest::Endpoint::path) != each)
      return Error{Action::kFix, "the path " + each->path + " is there twice: see --path, " +
                                     "--view-event-to and --endpoint"};
  }
  return endpoints;
}

Result<std::optional<ingest::ApiKeys>> ServeFlags::Keys() const {
  if (key_file_.empty()) return std::optional<ingest::ApiKeys>();
  EndCoreDumps();
  SEMEL_TRY_ASSIGN(const std::string text, ReadFile(key_file_));
  SEMEL_TRY_ASSIGN(ingest::ApiKeys keys, ingest::ApiKeys::Parse(text, key_file_, key_rate_));
  return std::optional(std::move(keys));
}

Result<void> ServeFlags::SetSizes(ServeOptions& options) const {
  SEMEL_TRY_ASSIGN(const std::uint64_t machine, config::MachineMemoryLimit());
  const auto set = [machine](const char* flag, const std::string& text, std::uint64_t smallest,
                             std::size_t& size) -> Result<void> {
    const auto parsed = config::ParseSize(text, machine);
    if (!parsed)
      return Error{parsed.error().action, std::string(flag) + ": " + parsed.error().message};
    if (*parsed < smallest)
      return Error{Action::kFix, std::string(flag) + " " + text + ": at least " +
                                     std::to_string(smallest) + " bytes"};
    size = *parsed;
    return {};
  };
  ingest::Limits& limits = options.limits;
  SEMEL_TRY(set("--max-header", sizes_.header, 1024, limits.header_bytes));
  SEMEL_TRY(set("--max-body", sizes_.body, 1, limits.body_bytes));
  SEMEL_TRY(set("--max-decompressed", sizes_.decompressed, 1, limits.decompressed_bytes));
  SEMEL_TRY(set("--max-bytes-in-flight", sizes_.in_flight, 1, limits.bytes_in_flight));
  SEMEL_TRY(CheckRoom(limits));
  if (sizes_.edge == "0") {
    options.edge_memory_bytes = 0;
    return {};
  }
  return set("--edge-memory", sizes_.edge, 4096, options.edge_memory_bytes);
}

Result<ServeOptions> ServeFlags::Options() const {
  ServeOptions options = options_;
  SEMEL_TRY_ASSIGN(options.kafka, kafka_.Settings());
  if (options.kafka.brokers.empty()) return Error{Action::kFix, "--brokers is required"};
  SEMEL_TRY_ASSIGN(options.endpoints, Endpoints());
  SEMEL_TRY(SetSizes(options));
  SEMEL_TRY_ASSIGN(options.keys, Keys());
  SEMEL_TRY(CheckAddress("--listen", options.listen));
  if (!options.metrics.empty()) SEMEL_TRY(CheckAddress("--metrics", options.metrics));
  if (!options.tls.certificate.empty()) {
    SEMEL_TRY_ASSIGN(auto context, ingest::OpenTls(options.tls));
    options.live_tls = {};  // of this reading alone
    options.live_tls.Set(std::move(context));
  }
  options.key_file = key_file_;
  options.limits.header_time = milliseconds(ms_.header);
  options.limits.body_grace = milliseconds(ms_.body_grace);
  options.limits.idle_time = milliseconds(ms_.idle);
  options.delivery_timeout = milliseconds(std::max<std::int64_t>(ms_.delivery, 100));
  options.edge_time_to_live = milliseconds(ms_.edge);
  if (!edge_redis_.empty()) {
    if (ms_.edge < 1)
      return Error{Action::kFix, "--edge-redis needs an --edge-ttl of 1ms and more"};
    SEMEL_TRY_ASSIGN(options.edge_redis, redis_.Access("--edge-redis", edge_redis_));
  }
  options.drain_delay = milliseconds(ms_.drain_delay);
  options.drain_timeout = milliseconds(ms_.drain);
  return options;
}

}  // namespace semel::app
