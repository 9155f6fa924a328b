// How to reach Kafka, as the user says it: brokers and any librdkafka property (-X, -F), as kcat
// reads them, except the properties that the promise rests on.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kafka/live_credentials.h"
#include "kafka/property_rules.h"
#include "semel/result.h"

namespace semel::kafka {

/// Which properties may be set, and how they must go together.
enum class PropertyRules : std::uint8_t {
  kPromise,  ///< not those that exactly once rests on: `semel dedup` and all that works with it
  kLibrary,  ///< all but callbacks and what loads code: the library's producer and consumers
};

/// Plain data; secrets are in `properties` as they are, so never print it: MaskedDescription.
struct ClientSettings {
  std::string brokers{};
  PropertyRules rules = PropertyRules::kPromise;  ///< for what is added and checked from here on
  std::map<std::string, std::string, PropertyOrder> properties{};
  std::vector<std::string> warnings{};  ///< what was found doubtful while reading
  LiveCredentials credentials{};        ///< in place of sasl.username and sasl.password, once set
  std::vector<std::string> flags{};     ///< how it was said: "-F FILE", "-X sasl.password=env:NAME"
};

/// What a program says: the same rules, but every value stands for itself. Errors: kFix, naming the
/// property, never a secret's value.
Result<ClientSettings> SettingsOfProgram(const std::string& brokers,
                                         const std::map<std::string, std::string>& properties,
                                         PropertyRules rules);

/// Takes one `-X name=value`. A secret's value must be file:PATH or env:NAME. The property
/// bootstrap.servers sets `brokers` unless that is set already. A secret that was read, here or
/// from a file, ends core dumps of this process. Errors: kFix, naming the property, never a
/// secret's value.
Result<void> AddProperty(ClientSettings& settings, std::string_view assignment);

/// Takes a `-F FILE`: a name=value a line, # begins a comment line. Secrets may be there as they
/// are. What `settings` has already wins. Errors: kFix, naming file and line.
Result<void> AddPropertyFile(ClientSettings& settings, const std::string& path);

/// Checks how the properties go together. Errors: kFix.
Result<void> Check(const ClientSettings& settings);

/// What an operator should be told about `settings` at start: the warnings, what is weak, and what
/// this librdkafka (`library_version` as in rd_kafka_version) cannot do.
std::vector<std::string> Warnings(const ClientSettings& settings);
std::vector<std::string> Warnings(const ClientSettings& settings, int library_version);

/// One line that may be logged: secrets are shown as ***.
std::string MaskedDescription(const ClientSettings& settings);

/// What lets another semel command reach the same brokers in the same way, without secrets:
/// "--brokers a:1 -F kafka.properties".
std::string SemelFlags(const ClientSettings& settings);

/// The same for Kafka's own tools: "--bootstrap-server a:1", and their file where they need one.
std::string KafkaToolFlags(const ClientSettings& settings);

/// Who we are to the brokers, as far as the settings say; empty when they do not.
std::string Principal(const ClientSettings& settings);

/// What sasl.username and sasl.password say; none unless both do.
std::optional<Credentials> CredentialsOf(const ClientSettings& settings);

/// A numeric property, or `otherwise` when it is not set (or no number).
int NumberOr(const ClientSettings& settings, const std::string& name, int otherwise);

inline constexpr int kTransactionTimeoutMs = 5000;
inline constexpr int kSessionTimeoutMs = 10000;
inline constexpr int kMaxPollIntervalMs = 300000;

}  // namespace semel::kafka
