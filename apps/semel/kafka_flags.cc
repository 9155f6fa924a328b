#include "kafka_flags.h"

namespace semel::app {

void KafkaFlags::AddTo(CLI::App& command) {
  const std::string group = "How to reach Kafka";
  command.add_option("--brokers", brokers_, "Bootstrap servers: HOST:PORT[,HOST:PORT...]")
      ->type_name("LIST")
      ->group(group);
  command
      .add_option("-X", properties_,
                  "A librdkafka property, as in kcat; repeat for more. Secret values only as\n"
                  "name=file:PATH or name=env:NAME")
      ->type_name("NAME=VALUE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->group(group);
  command.add_option("-F", files_, "A file of such properties, one a line; -X wins")
      ->type_name("FILE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->group(group);
}

Result<kafka::ClientSettings> KafkaFlags::Settings(kafka::PropertyRules rules) const {
  kafka::ClientSettings settings;
  settings.rules = rules;
  settings.brokers = brokers_;
  for (const std::string& property : properties_) SEMEL_TRY(AddProperty(settings, property));
  for (const std::string& file : files_) SEMEL_TRY(AddPropertyFile(settings, file));
  SEMEL_TRY(AddFromFile(settings));
  SEMEL_TRY(Check(settings));
  return settings;
}

Result<void> KafkaFlags::AddFromFile(kafka::ClientSettings& settings) const {
  if (settings.brokers.empty()) settings.brokers = from_file_.brokers;
  for (const auto& [name, value, place] : from_file_.properties) {
    // Not even looked at: a secret's file that is overruled need not be there.
    if (settings.properties.contains(name)) continue;
    if (const auto added = AddProperty(settings, name + "=" + value); !added)
      return Error{Action::kFix, place + ": " + added.error().message};
  }
  return {};
}

}  // namespace semel::app
