#include "kafka/settings.h"

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/core_dumps.h"
#include "base/file.h"
#include "base/number.h"
#include "kafka/library_version.h"
#include "kafka/rdkafka_handles.h"

namespace semel::kafka {
namespace {

constexpr int kScramIsSound = 0x020601ff;  // before: a wrong nonce (librdkafka #4895)

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

Error Fix(std::string message) { return {Action::kFix, std::move(message)}; }

Result<std::string> ReadSecretFile(ClientSettings& settings, const std::string& name,
                                   const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (!file || !(content << file.rdbuf())) return Fix(name + ": cannot read " + path);
  if (ReadableByAll(path))
    settings.warnings.push_back(path + " holds a secret and everybody may read it: chmod 600");
  std::string secret = content.str();
  if (secret.ends_with('\n')) secret.pop_back();
  return secret;
}

// Follows file: and env:; `plain_allowed` where the value may stand for itself.
Result<std::string> SecretValue(ClientSettings& settings, const std::string& name,
                                const std::string& value, bool plain_allowed) {
  if (value.starts_with("file:")) return ReadSecretFile(settings, name, value.substr(5));
  if (value.starts_with("env:")) {
    const char* variable = std::getenv(value.c_str() + 4);
    if (variable == nullptr) return Fix(name + ": " + value.substr(4) + " is not set");
    return std::string(variable);
  }
  if (plain_allowed) return value;
  return Fix(name + " is a secret, and everybody can see a command line: write " + name +
             "=file:PATH or " + name + "=env:NAME, or put it into a file for -F");
}

// librdkafka judges name and value. Its text quotes the value, so a secret's is not shown.
Result<void> AskLibrary(const std::string& name, const std::string& value) {
  const ConfPtr conf(rd_kafka_conf_new());
  std::array<char, 512> text{};
  if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), text.data(), text.size()) ==
      RD_KAFKA_CONF_OK)
    return {};
  if (IsMasked(name)) return Fix(name + ": librdkafka refuses the value");
  return Fix(name + ": " + text.data());
}

Result<void> CheckOne(const std::string& name, const std::string& value, PropertyRules rules) {
  const char* reason = WhyRefused(name);
  if (reason != nullptr && (rules == PropertyRules::kPromise || IsInner(name)))
    return Fix(name + " cannot be set: " + reason);
  SEMEL_TRY(AskLibrary(name, value));
  if (rules == PropertyRules::kLibrary) return {};
  if (name == "check.crcs" && value != "true" && value != "1" && value != "t")
    return Fix("check.crcs cannot be switched off: damaged records would be delivered");
  if ((name == "max.in.flight" || name == "max.in.flight.requests.per.connection") &&
      std::atoi(value.c_str()) > 5)
    return Fix(name + " cannot be above 5: the order of the records would be lost");
  return {};
}

bool IsBrokers(std::string_view name) {
  return name == "bootstrap.servers" || name == "metadata.broker.list";
}

enum class Origin { kCommandLine, kFile };

Result<void> Add(ClientSettings& settings, std::string_view assignment, Origin origin) {
  const std::size_t equals = assignment.find('=');
  const std::string name(Trim(assignment.substr(0, equals)));
  if (equals == std::string_view::npos || name.empty())
    return Fix("a property is written name=value");
  std::string value(Trim(assignment.substr(equals + 1)));
  if (IsBrokers(name)) {
    if (settings.brokers.empty()) settings.brokers = value;
    return {};
  }
  if (IsSecret(name)) {
    SEMEL_TRY_ASSIGN(value, SecretValue(settings, name, value, origin == Origin::kFile));
    EndCoreDumps();
  }
  SEMEL_TRY(CheckOne(name, value, settings.rules));
  if (origin == Origin::kCommandLine)
    settings.properties.insert_or_assign(name, std::move(value));
  else
    settings.properties.try_emplace(name, std::move(value));
  return {};
}

std::string Lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string ValueOr(const ClientSettings& settings, const std::string& name, const char* other) {
  const auto found = settings.properties.find(name);
  return found == settings.properties.end() ? other : found->second;
}

std::string Protocol(const ClientSettings& settings) {
  return Lower(ValueOr(settings, "security.protocol", "plaintext"));
}

std::string Mechanism(const ClientSettings& settings) {
  return Lower(ValueOr(settings, "sasl.mechanism", "gssapi"));
}

bool IsAboutSecurity(std::string_view name) {
  return name.starts_with("security.") || name.starts_with("sasl.") || name.starts_with("ssl.") ||
         name.starts_with("enable.ssl.") || name.starts_with("enable.sasl.");
}

// As a shell takes it for one word.
std::string Quoted(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

Result<ClientSettings> SettingsOfProgram(const std::string& brokers,
                                         const std::map<std::string, std::string>& properties,
                                         PropertyRules rules) {
  ClientSettings settings;
  settings.rules = rules;
  settings.brokers = brokers;
  for (const auto& [name, value] : properties) {
    if (IsBrokers(name)) {
      if (settings.brokers.empty()) settings.brokers = value;
      continue;
    }
    SEMEL_TRY(CheckOne(name, value, rules));
    settings.properties.insert_or_assign(name, value);
  }
  if (settings.brokers.empty()) return Fix("brokers: none are given");
  return settings;
}

Result<void> AddProperty(ClientSettings& settings, std::string_view assignment) {
  SEMEL_TRY(Add(settings, assignment, Origin::kCommandLine));
  // What was taken holds no secret, only where one is.
  if (IsAboutSecurity(Trim(assignment)))
    settings.flags.push_back("-X " + Quoted(std::string(Trim(assignment))));
  return {};
}

Result<void> AddPropertyFile(ClientSettings& settings, const std::string& path) {
  std::ifstream file(path);
  if (!file) return Fix("cannot read " + path);
  // The file's lines among themselves: the last one wins. What was there before wins over all.
  ClientSettings read;
  read.rules = settings.rules;
  bool secret = false;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string_view text = Trim(line);
    if (text.empty() || text.starts_with('#')) continue;
    const std::string name(Trim(text.substr(0, text.find('='))));
    read.properties.erase(name);
    secret = secret || IsSecret(name);
    if (const auto added = Add(read, text, Origin::kFile); !added)
      return Fix(path + ":" + std::to_string(number) + ": " + added.error().message);
  }
  if (secret && ReadableByAll(path))
    read.warnings.push_back(path + " holds a secret and everybody may read it: chmod 600");
  settings.properties.merge(read.properties);
  if (settings.brokers.empty()) settings.brokers = read.brokers;
  settings.flags.push_back("-F " + Quoted(path));
  settings.warnings.insert(settings.warnings.end(), read.warnings.begin(), read.warnings.end());
  return {};
}

std::optional<Credentials> CredentialsOf(const ClientSettings& settings) {
  const auto username = settings.properties.find("sasl.username");
  const auto password = settings.properties.find("sasl.password");
  if (username == settings.properties.end() || password == settings.properties.end())
    return std::nullopt;
  return Credentials{username->second, password->second};
}

int NumberOr(const ClientSettings& settings, const std::string& name, int otherwise) {
  const auto found = settings.properties.find(name);
  if (found == settings.properties.end()) return otherwise;
  return ParseNumber<int>(found->second).value_or(otherwise);
}

Result<void> Check(const ClientSettings& settings) {
  if (settings.brokers.empty())
    return Fix("which Kafka? --brokers HOST:PORT[,HOST:PORT...] is missing");
  if (settings.rules == PropertyRules::kLibrary) return {};
  const int transaction = NumberOr(settings, "transaction.timeout.ms", kTransactionTimeoutMs);
  const int session = NumberOr(settings, "session.timeout.ms", kSessionTimeoutMs);
  const int poll = NumberOr(settings, "max.poll.interval.ms", kMaxPollIntervalMs);
  if (transaction >= session)
    return Fix("transaction.timeout.ms (" + std::to_string(transaction) +
               ") must be below session.timeout.ms (" + std::to_string(session) +
               "): a paused owner's transaction must end before its partitions go elsewhere");
  if (session > poll)
    return Fix("session.timeout.ms (" + std::to_string(session) +
               ") must not be above max.poll.interval.ms (" + std::to_string(poll) + ")");
  return {};
}

std::vector<std::string> Warnings(const ClientSettings& settings) {
  return Warnings(settings, rd_kafka_version());
}

std::vector<std::string> Warnings(const ClientSettings& settings, int library_version) {
  std::vector<std::string> warnings = settings.warnings;
  const std::string protocol = Protocol(settings);
  if (protocol == "sasl_plaintext" && Mechanism(settings) == "plain")
    warnings.emplace_back(
        "SASL PLAIN without TLS sends the password in clear: use security.protocol=sasl_ssl");
  const std::string verify =
      Lower(ValueOr(settings, "enable.ssl.certificate.verification", "true"));
  if (protocol.ends_with("ssl") && verify != "true" && verify != "1" && verify != "t")
    warnings.emplace_back(
        "enable.ssl.certificate.verification is off: anybody in between can read and alter "
        "everything");
  if (protocol.starts_with("sasl_") && Mechanism(settings).starts_with("scram-") &&
      library_version < kScramIsSound)
    warnings.emplace_back(
        "SCRAM with this librdkafka, which is older than 2.6.1: Kafka 4 answers 'invalid "
        "credentials' to the right password (librdkafka #4895). Use a newer one, or PLAIN over "
        "TLS");
  if (auto warning = LibraryWarning(library_version)) warnings.push_back(*std::move(warning));
  return warnings;
}

std::string MaskedDescription(const ClientSettings& settings) {
  std::string text = "brokers=" + settings.brokers;
  for (const auto& [name, value] : settings.properties)
    text += ", " + name + "=" + (IsMasked(name) ? "***" : value);
  return text;
}

std::string SemelFlags(const ClientSettings& settings) {
  std::string text = "--brokers " + settings.brokers;
  for (const std::string& flag : settings.flags) text += " " + flag;
  return text;
}

std::string KafkaToolFlags(const ClientSettings& settings) {
  std::string text = "--bootstrap-server " + settings.brokers;
  if (Protocol(settings) != "plaintext") text += " --command-config admin.properties";
  return text;
}

std::string Principal(const ClientSettings& settings) {
  if (const auto user = settings.properties.find("sasl.username");
      user != settings.properties.end())
    return "User:" + user->second;
  if (Protocol(settings) == "plaintext") return "User:ANONYMOUS";
  return {};
}

}  // namespace semel::kafka
