#include "client/consumer_conf.h"

#include "kafka/client_conf.h"

namespace semel {
namespace {

Error Refused(const std::string& name, const std::string& value, const char* why) {
  return {Action::kFix, name + "=" + value + ": " + why};
}

Result<void> TakeReset(ConsumerOptions& options, const std::string& name,
                       const std::string& value) {
  if (value == "error") return {};
  const bool beginning = value == "earliest" || value == "beginning" || value == "smallest";
  if (!beginning && value != "latest" && value != "end" && value != "largest")
    return Refused(name, value, "must be earliest, latest or error");
  options.start = beginning ? Place::Beginning() : Place::End();
  options.reset_out_of_range = true;
  return {};
}

Result<void> TakeOption(ConsumerOptions& options, const std::string& name,
                        const std::string& value) {
  const bool off = value == "false" || value == "f" || value == "0";
  if (name == "group.id") {
    if (options.group.empty()) options.group = value;
  } else if (name == "group.instance.id") {
    if (options.instance.empty()) options.instance = value;
  } else if (name == "auto.offset.reset") {
    return TakeReset(options, name, value);
  } else if (name == "isolation.level") {
    if (value != "read_committed" && value != "read_uncommitted")
      return Refused(name, value, "must be read_committed or read_uncommitted");
    options.read_uncommitted = value == "read_uncommitted";
  } else if (!off && name != "enable.partition.eof") {
    return Refused(name, value, "offsets are committed when messages are done, and not by a clock");
  }
  return {};
}

}  // namespace

Result<void> CheckPlace(const Place& place, const std::string& what) {
  const bool counts = place.kind == Place::Kind::kOffset || place.kind == Place::Kind::kLast;
  if (!counts || place.value >= 0) return {};
  return Error{Action::kFix, what + ": no offset is below 0"};
}

Result<void> TakeOptions(ConsumerOptions& options) {
  SEMEL_TRY(CheckPlace(options.start, "start"));
  if (options.start.kind == Place::Kind::kCommitted)
    return Error{Action::kFix, "start: it is for partitions without a committed offset"};
  for (const char* name :
       {"group.id", "group.instance.id", "auto.offset.reset", "isolation.level",
        "enable.auto.commit", "enable.auto.offset.store", "enable.partition.eof"}) {
    const auto found = options.properties.find(name);
    if (found == options.properties.end()) continue;
    SEMEL_TRY(TakeOption(options, found->first, found->second));
    options.properties.erase(found);
  }
  return {};
}

Result<kafka::ConfPtr> ConfOf(const ConsumerOptions& options,
                              const kafka::ClientSettings& settings) {
  kafka::Properties defaults = kafka::MembershipDefaults(options.instance);
  defaults.push_back({"fetch.error.backoff.ms", "100"});
  defaults.push_back({"check.crcs", "true"});
  const bool to_end = options.start.kind == Place::Kind::kEnd;
  const char* const reset = to_end ? "latest" : "earliest";
  kafka::Properties fixed = {
      {"group.id",
       options.group.empty() ? "semel" : options.group},  // assigning alone asks for one
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"auto.offset.reset", options.reset_out_of_range ? reset : "error"},
      {"isolation.level", options.read_uncommitted ? "read_uncommitted" : "read_committed"},
      {"enable.partition.eof", "true"}};
  if (!options.instance.empty()) fixed.push_back({"group.instance.id", options.instance});
  return kafka::LibraryConf(settings, defaults, fixed);
}

}  // namespace semel
