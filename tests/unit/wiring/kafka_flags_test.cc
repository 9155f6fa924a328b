#include "kafka_flags.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

namespace semel::app {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string Write(const std::string& name, const std::string& content) {
  std::string path = testing::TempDir() + "kafka_flags_" + name;
  std::ofstream(path) << content;
  ::chmod(path.c_str(), 0600);
  return path;
}

/// What a command that reaches Kafka and has a settings file, like `semel dedup`, makes of `line`.
Result<kafka::ClientSettings> Read(const std::string& line) {
  CLI::App command{"", "dedup"};
  KafkaFlags flags;
  flags.AddTo(command);
  config::AddSettingsFile(command, flags.from_file());
  command.parse(line);
  return flags.Settings();
}

TEST(KafkaFlags, TheSettingsFileGivesWhatTheCommandLineDoesNot) {
  const auto settings =
      Read("-c " + Write("all.yaml", "brokers: file:1\nkafka: {linger.ms: 5, debug: eos}\n"));
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->brokers, "file:1");
  EXPECT_EQ(settings->properties.at("linger.ms"), "5");
  EXPECT_EQ(settings->properties.at("debug"), "eos");
}

// linger.ms stands in all three, debug in two, client.id in the settings file alone.
TEST(KafkaFlags, TheCommandLineWinsAndInItX) {
  const std::string yaml =
      Write("three.yaml", "brokers: b:1\nkafka: {linger.ms: 1, debug: eos, client.id: yaml}\n");
  const std::string properties = Write("three.properties", "linger.ms=2\ndebug=broker\n");
  const auto settings = Read("-c " + yaml + " -F " + properties + " -X linger.ms=3");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->properties.at("linger.ms"), "3");
  EXPECT_EQ(settings->properties.at("debug"), "broker");
  EXPECT_EQ(settings->properties.at("client.id"), "yaml");
}

TEST(KafkaFlags, TheSameForTheBrokers) {
  const std::string yaml =
      Write("brokers.yaml", "kafka: {bootstrap.servers: map:1}\nbrokers: yaml:1\n");
  const std::string properties = Write("brokers.properties", "bootstrap.servers=properties:1\n");
  const std::string x = " -X bootstrap.servers=x:1";
  EXPECT_EQ(Read("-c " + yaml)->brokers, "yaml:1");
  EXPECT_EQ(Read("-c " + yaml + " -F " + properties)->brokers, "properties:1");
  EXPECT_EQ(Read("-c " + yaml + " -F " + properties + x)->brokers, "x:1");
  EXPECT_EQ(Read("-c " + yaml + " -F " + properties + x + " --brokers flag:1")->brokers, "flag:1");
  const std::string map = Write("map.yaml", "kafka: {bootstrap.servers: map:1}\n");
  EXPECT_EQ(Read("-c " + map)->brokers, "map:1");
}

TEST(KafkaFlags, WhatIsOverruledIsNotLookedAt) {
  const std::string yaml = Write(
      "overruled.yaml", "brokers: b:1\nkafka: {sasl.password: 'file:/no/such/file', acks: 1}\n");
  const std::string properties = Write("overruled.properties", "sasl.password=hunter2\n");
  const auto settings = Read("-c " + yaml + " -F " + properties);
  ASSERT_FALSE(settings);
  EXPECT_THAT(settings.error().message, StartsWith(yaml + ":2: acks cannot be set"));
}

TEST(KafkaFlags, SecretsInTheSettingsFileStandElsewhere) {
  const auto plain =
      Read("-c " + Write("plain.yaml", "brokers: b:1\nkafka:\n  sasl.password: hunter2\n"));
  ASSERT_FALSE(plain);
  EXPECT_EQ(plain.error().action, Action::kFix);
  EXPECT_THAT(plain.error().message, HasSubstr("plain.yaml:3: sasl.password"));
  EXPECT_THAT(plain.error().message, Not(HasSubstr("hunter2")));
  const std::string secret = Write("secret", "hunter2\n");
  const auto settings = Read(
      "-c " + Write("file.yaml", "brokers: b:1\nkafka: {sasl.password: 'file:" + secret + "'}\n"));
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->properties.at("sasl.password"), "hunter2");
}

TEST(KafkaFlags, SayThatTheBrokersAreMissing) {
  const auto settings = Read("");
  ASSERT_FALSE(settings);
  EXPECT_THAT(settings.error().message, HasSubstr("--brokers"));
}

TEST(KafkaFlags, ACommandWithoutThePromiseMaySetWhatItRestsOn) {
  const std::string line =
      "--brokers b:1 -X acks=1 -X session.timeout.ms=4000 -X max.in.flight=9 -F " +
      Write("library.properties", "retries=10\n");
  EXPECT_FALSE(Read(line));
  const auto read = [](const std::string& text) {
    CLI::App command{"", "produce"};
    KafkaFlags flags;
    flags.AddTo(command);
    command.parse(text);
    return flags.Settings(kafka::PropertyRules::kLibrary);
  };
  const auto settings = read(line);
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->properties.at("retries"), "10");
  EXPECT_FALSE(read("--brokers b:1 -X plugin.library.paths=x"));
  EXPECT_FALSE(read("--brokers b:1 -X sasl.password=x"));
  EXPECT_FALSE(read(""));
}

}  // namespace
}  // namespace semel::app
