#include "config/yaml_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>

namespace semel::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// A command like `semel dedup`.
class SettingsFile : public ::testing::Test {
 protected:
  SettingsFile() {
    dedup_.add_option("--from", from_)->required();
    dedup_.add_option("--brokers", brokers_);
    AddSettingsFile(dedup_, kafka_);
    dedup_.add_option("--key", key_)->allow_extra_args(false);
    dedup_.add_option("--lanes", lanes_)->check(CLI::Range(1, 64));
    dedup_.add_flag("--until-end", until_end_);
  }
  ~SettingsFile() override { static_cast<void>(std::remove(file_.c_str())); }
  SettingsFile(const SettingsFile&) = delete;
  SettingsFile& operator=(const SettingsFile&) = delete;

  void Parse(const std::string& yaml, const std::string& flags = "") {
    std::ofstream(file_) << yaml;
    app_.parse("dedup -c " + file_ + " " + flags);
  }

  std::string Refusal(const std::string& yaml) {
    try {
      Parse(yaml);
    } catch (const CLI::ConfigError& error) {
      return error.what();
    }
    return "accepted";
  }

  const std::string file_ = ::testing::TempDir() + "semel_settings_test.yaml";
  CLI::App app_{"", "semel"};
  CLI::App& dedup_ = *app_.add_subcommand("dedup");
  std::string from_;
  std::string brokers_;
  KafkaSettings kafka_;
  std::vector<std::string> key_;
  int lanes_ = 1;
  bool until_end_ = false;
};

TEST_F(SettingsFile, GivesEveryKindOfFlag) {
  Parse(
      "from: orders\n"
      "key: [json:/a, json:/b]\n"
      "lanes: 4\n"
      "until-end: true\n");
  EXPECT_EQ(from_, "orders");
  EXPECT_THAT(key_, ElementsAre("json:/a", "json:/b"));
  EXPECT_EQ(lanes_, 4);
  EXPECT_TRUE(until_end_);
}

TEST_F(SettingsFile, KeepsKafkaApartFromTheFlags) {
  Parse(
      "from: orders\n"
      "brokers: file:1\n"
      "kafka:\n"
      "  linger.ms: 5\n"
      "  debug: 'eos'\n",
      "--brokers flag:1");
  EXPECT_EQ(brokers_, "flag:1");
  EXPECT_EQ(kafka_.brokers, "file:1");
  EXPECT_THAT(kafka_.properties,
              ElementsAre(AllOf(Field(&KafkaSettings::Property::name, "linger.ms"),
                                Field(&KafkaSettings::Property::value, "5"),
                                Field(&KafkaSettings::Property::place, file_ + ":4")),
                          AllOf(Field(&KafkaSettings::Property::name, "debug"),
                                Field(&KafkaSettings::Property::value, "eos"),
                                Field(&KafkaSettings::Property::place, file_ + ":5"))));
}

TEST_F(SettingsFile, FlagsWinWhereverTheyStand) {
  Parse("from: a\nkey: [json:/a, json:/b]\nlanes: 4\n", "--from b --key value");
  EXPECT_EQ(from_, "b");
  EXPECT_THAT(key_, ElementsAre("value"));
  EXPECT_EQ(lanes_, 4);
}

TEST_F(SettingsFile, CanSwitchAFlagOff) {
  Parse("from: a\nuntil-end: false\n");
  EXPECT_FALSE(until_end_);
}

TEST_F(SettingsFile, MayBeEmpty) {
  Parse("# nothing yet\n", "--from a");
  EXPECT_EQ(from_, "a");
  EXPECT_THAT(key_, IsEmpty());
}

TEST_F(SettingsFile, DoesNotGiveWhatIsMissing) {
  EXPECT_THROW(Parse("lanes: 2\n"), CLI::RequiredError);
}

TEST_F(SettingsFile, RefusesUnknownSettingsByNameAndLine) {
  EXPECT_THAT(Refusal("brokers: b\n\nwindows: 7d\n"),
              HasSubstr(file_ + ":3: unknown setting 'windows'; see semel dedup --help"));
  EXPECT_THAT(Refusal("config: other.yaml\n"), HasSubstr(":1: unknown setting 'config'"));
  EXPECT_THAT(Refusal("help: true\n"), HasSubstr(":1: unknown setting 'help'"));
}

TEST_F(SettingsFile, RefusesWhatTheFlagRefuses) {
  EXPECT_THAT(Refusal("brokers: b\nlanes: 65\n"), HasSubstr(":2: --lanes: "));
  EXPECT_THAT(Refusal("brokers: [a, b]\n"), HasSubstr(":1: "));
  EXPECT_THAT(Refusal("until-end: perhaps\n"), HasSubstr(":1: "));
}

TEST_F(SettingsFile, RefusesOtherShapes) {
  EXPECT_THAT(Refusal("brokers: b\nbrokers: c\n"), EndsWith(":2: 'brokers' is there twice"));
  EXPECT_THAT(Refusal("brokers: {a: b}\n"), HasSubstr(":1: 'brokers' wants a plain value"));
  EXPECT_THAT(Refusal("brokers:\n"), HasSubstr("'brokers' wants a plain value"));
  EXPECT_THAT(Refusal("until-end: [true, false]\n"), HasSubstr(":1: "));
  EXPECT_THAT(Refusal("kafka: [linger.ms=5]\n"), HasSubstr(":1: 'kafka' wants a map"));
  EXPECT_THAT(Refusal("kafka: {linger.ms: [5]}\n"), HasSubstr("'linger.ms' wants a plain value"));
  EXPECT_THAT(Refusal("kafka: {debug: eos, debug: all}\n"), EndsWith("'debug' is there twice"));
  EXPECT_THAT(Refusal("- brokers\n"), HasSubstr(":1: not a map of settings"));
  EXPECT_THAT(Refusal("brokers: [b\n"), HasSubstr(file_ + ":"));
}

TEST_F(SettingsFile, SaysThatTheFileCannotBeRead) {
  for (const std::string file : {"/nowhere.yaml", "/"}) {
    try {
      app_.parse("dedup --from a -c " + file);
      FAIL() << file;
    } catch (const CLI::ConfigError& error) {
      EXPECT_THAT(error.what(), StartsWith(file + ": cannot "));
    }
  }
}

}  // namespace
}  // namespace semel::config
