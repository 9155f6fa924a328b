#include "kafka/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <regex>

#include "kafka/client_conf.h"

namespace semel::kafka {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string WriteFile(const std::string& name, const std::string& content, mode_t mode = 0600) {
  const std::string path = ::testing::TempDir() + "kafka_settings_" + name;
  std::ofstream(path) << content;
  ::chmod(path.c_str(), mode);
  return path;
}

std::string Get(const ConfPtr& conf, const char* name) {
  std::array<char, 512> value{};
  std::size_t size = value.size();
  return rd_kafka_conf_get(conf.get(), name, value.data(), &size) == RD_KAFKA_CONF_OK ? value.data()
                                                                                      : "(unknown)";
}

ClientSettings Local() {
  ClientSettings settings;
  settings.brokers = "localhost:9092";
  return settings;
}

std::string WhyNot(const std::string& assignment) {
  ClientSettings settings;
  const auto added = AddProperty(settings, assignment);
  if (added) return "";
  EXPECT_EQ(added.error().action, Action::kFix);
  EXPECT_THAT(settings.properties, IsEmpty());
  return added.error().message;
}

TEST(Settings, TakesAnyHarmlessProperty) {
  ClientSettings settings;
  ASSERT_TRUE(AddProperty(settings, "linger.ms=20"));
  ASSERT_TRUE(AddProperty(settings, " compression.type = zstd "));
  ASSERT_TRUE(AddProperty(settings, "linger.ms=30"));
  EXPECT_EQ(settings.properties.at("linger.ms"), "30");
  EXPECT_EQ(settings.properties.at("compression.type"), "zstd");
}

TEST(Settings, RefusesWhatThePromiseRestsOn) {
  for (const char* assignment : {"enable.auto.commit=true",
                                 "enable.auto.offset.store=false",
                                 "auto.offset.reset=latest",
                                 "isolation.level=read_uncommitted",
                                 "enable.idempotence=false",
                                 "acks=1",
                                 "request.required.acks=0",
                                 "transactional.id=x",
                                 "group.id=x",
                                 "group.instance.id=x",
                                 "enable.partition.eof=false",
                                 "allow.auto.create.topics=true",
                                 "message.timeout.ms=1",
                                 "delivery.timeout.ms=1",
                                 "retries=0",
                                 "message.send.max.retries=0",
                                 "dr_msg_cb=x",
                                 "enable.gapless.guarantee=true",
                                 "partitioner=random",
                                 "plugin.library.paths=/tmp/x.so",
                                 "go.batch.producer=true",
                                 "rebalance_cb=x",
                                 "group.protocol=consumer"})
    EXPECT_THAT(WhyNot(assignment), HasSubstr("cannot be set")) << assignment;
}

TEST(Settings, RefusesValuesThatBreakThePromise) {
  EXPECT_THAT(WhyNot("max.in.flight=6"), HasSubstr("above 5"));
  EXPECT_THAT(WhyNot("max.in.flight.requests.per.connection=1000"), HasSubstr("above 5"));
  EXPECT_THAT(WhyNot("check.crcs=false"), HasSubstr("check.crcs"));
  EXPECT_EQ(WhyNot("max.in.flight=5"), "");
}

std::string WhyNotFromAProgram(const std::string& name, const std::string& value,
                               PropertyRules rules) {
  const auto settings = SettingsOfProgram("a:1", {{name, value}}, rules);
  return settings ? "" : settings.error().message;
}

TEST(Settings, HoldsProgramsToTheSameRules) {
  for (const auto& [name, value] : std::map<std::string, std::string>{
           {"acks", "1"}, {"check.crcs", "false"}, {"max.in.flight", "6"}}) {
    EXPECT_THAT(WhyNotFromAProgram(name, value, PropertyRules::kPromise), HasSubstr(name));
    EXPECT_EQ(WhyNotFromAProgram(name, value, PropertyRules::kLibrary), "");
  }
  for (const auto rules : {PropertyRules::kPromise, PropertyRules::kLibrary}) {
    EXPECT_THAT(WhyNotFromAProgram("plugin.library.paths", "x", rules), HasSubstr("foreign code"));
    EXPECT_THAT(WhyNotFromAProgram("linger.ms", "soon", rules), HasSubstr("linger.ms"));
    EXPECT_EQ(WhyNotFromAProgram("sasl.password", "file:as it is", rules), "");
  }
  EXPECT_FALSE(SettingsOfProgram("", {}, PropertyRules::kLibrary));
  EXPECT_EQ(SettingsOfProgram("", {{"bootstrap.servers", "b:2"}}, PropertyRules::kLibrary)->brokers,
            "b:2");
}

TEST(Settings, ShowsWhatTheLibrarySays) {
  EXPECT_THAT(WhyNot("no.such.property=1"), HasSubstr("No such configuration property"));
  EXPECT_THAT(WhyNot("linger.ms=soon"), HasSubstr("linger.ms"));
  EXPECT_THAT(WhyNot("linger.ms"), HasSubstr("name=value"));
  EXPECT_THAT(WhyNot("=1"), HasSubstr("name=value"));
}

TEST(Settings, KeepsSecretsOffTheCommandLine) {
  for (const char* name :
       {"sasl.password", "ssl.key.password", "ssl.keystore.password",
        "sasl.oauthbearer.client.secret", "ssl.key.pem", "sasl.oauthbearer.config"}) {
    const std::string message = WhyNot(std::string(name) + "=hunter2");
    EXPECT_THAT(message, HasSubstr("=file:PATH")) << name;
    EXPECT_THAT(message, Not(HasSubstr("hunter2")));
  }
}

TEST(Settings, ReadsSecretsFromFilesAndTheEnvironment) {
  ClientSettings settings;
  ASSERT_TRUE(AddProperty(settings, "sasl.password=file:" + WriteFile("secret", "hunter2\n")));
  EXPECT_EQ(settings.properties.at("sasl.password"), "hunter2");
  ::setenv("SEMEL_TEST_SECRET", "hunter3", 1);
  ASSERT_TRUE(AddProperty(settings, "sasl.password=env:SEMEL_TEST_SECRET"));
  EXPECT_EQ(settings.properties.at("sasl.password"), "hunter3");
  EXPECT_THAT(WhyNot("sasl.password=file:/no/such/file"), HasSubstr("/no/such/file"));
  EXPECT_THAT(WhyNot("sasl.password=env:SEMEL_TEST_NOT_SET"), HasSubstr("is not set"));
}

TEST(Settings, ReadsPropertyFiles) {
  const std::string path = WriteFile("file",
                                     "# brokers\nbootstrap.servers=a:1,b:2\n\n"
                                     "  sasl.password = hunter2  \r\nlinger.ms=7\nlinger.ms=8\n");
  ClientSettings settings;
  ASSERT_TRUE(AddProperty(settings, "client.id=mine"));
  const auto added = AddPropertyFile(settings, path);
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(settings.brokers, "a:1,b:2");
  EXPECT_EQ(settings.properties.at("sasl.password"), "hunter2");
  EXPECT_EQ(settings.properties.at("linger.ms"), "8");
  EXPECT_THAT(settings.warnings, IsEmpty());
}

TEST(Settings, LetsTheCommandLineWinOverFiles) {
  ClientSettings settings = Local();
  ASSERT_TRUE(AddProperty(settings, "linger.ms=1"));
  ASSERT_TRUE(AddPropertyFile(settings, WriteFile("win", "linger.ms=9\nbootstrap.servers=x:1\n")));
  EXPECT_EQ(settings.properties.at("linger.ms"), "1");
  EXPECT_EQ(settings.brokers, "localhost:9092");
}

TEST(Settings, LetsTheCommandLineWinUnderEitherName) {
  ClientSettings settings = Local();
  ASSERT_TRUE(AddProperty(settings, "linger.ms=1"));
  ASSERT_TRUE(AddProperty(settings, "sasl.mechanisms=PLAIN"));
  ASSERT_TRUE(AddPropertyFile(
      settings, WriteFile("names", "queue.buffering.max.ms=9\nsasl.mechanism=SCRAM-SHA-512\n")));
  EXPECT_EQ(settings.properties.size(), 2);
  EXPECT_TRUE(settings.properties.contains("queue.buffering.max.ms"));
  EXPECT_EQ(settings.properties.at("linger.ms"), "1");
  const auto producer = ProducerConf(settings, "t", 900000);
  ASSERT_TRUE(producer) << producer.error().message;
  EXPECT_EQ(Get(*producer, "queue.buffering.max.ms"), "1");
  EXPECT_EQ(Get(*producer, "sasl.mechanisms"), "PLAIN");
}

TEST(Settings, LetsTheLastLineWinUnderEitherName) {
  ClientSettings settings = Local();
  ASSERT_TRUE(AddPropertyFile(
      settings, WriteFile("last", "linger.ms=1\nqueue.buffering.max.ms=2\nlinger.ms=3\n")));
  EXPECT_EQ(settings.properties.size(), 1);
  EXPECT_EQ(settings.properties.at("linger.ms"), "3");
}

TEST(PropertyRules, KnowsTheLibrarysAliases) {
  std::FILE* const list = std::tmpfile();
  ASSERT_NE(list, nullptr);
  rd_kafka_conf_properties_show(list);
  std::rewind(list);
  const std::regex row("^([a-z.]+) .*Alias for `([a-z.]+)`.*\n?$");
  std::array<char, 4096> line{};
  int aliases = 0;
  while (std::fgets(line.data(), line.size(), list) != nullptr) {
    std::cmatch found;
    if (!std::regex_match(line.data(), found, row)) continue;
    ++aliases;
    const std::string name = found[1];
    if (WhyRefused(name) == nullptr) {
      EXPECT_EQ(CanonicalName(name), found[2].str());
    } else {
      EXPECT_NE(WhyRefused(found[2].str()), nullptr) << name;
    }
  }
  std::fclose(list);
  EXPECT_GE(aliases, 10);
}

TEST(Settings, EndsCoreDumpsOnceItHoldsASecret) {
  ASSERT_EQ(::prctl(PR_SET_DUMPABLE, 1), 0);
  ClientSettings settings = Local();
  ASSERT_TRUE(AddProperty(settings, "linger.ms=1"));
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 1);
  ASSERT_TRUE(AddPropertyFile(settings, WriteFile("core", "sasl.password=hunter2\n")));
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0);
  ASSERT_EQ(::prctl(PR_SET_DUMPABLE, 1), 0);
}

TEST(Settings, SaysHowAnotherCommandReachesTheSameBrokers) {
  ClientSettings settings = Local();
  EXPECT_EQ(SemelFlags(settings), "--brokers localhost:9092");
  EXPECT_EQ(KafkaToolFlags(settings), "--bootstrap-server localhost:9092");
  const std::string secret = WriteFile("pass word", "hunter2\n");
  const std::string file = WriteFile("client", "security.protocol=SASL_SSL\n");
  ASSERT_TRUE(AddProperty(settings, "linger.ms=1"));
  ASSERT_TRUE(AddProperty(settings, "sasl.username=it's me"));
  ASSERT_TRUE(AddProperty(settings, "sasl.password=file:" + secret));
  ASSERT_TRUE(AddPropertyFile(settings, file));
  EXPECT_EQ(SemelFlags(settings),
            "--brokers localhost:9092 -X 'sasl.username=it'\\''s me' -X "
            "'sasl.password=file:" +
                secret + "' -F " + file);
  EXPECT_EQ(KafkaToolFlags(settings),
            "--bootstrap-server localhost:9092 --command-config admin.properties");
}

TEST(Settings, NamesFileAndLine) {
  ClientSettings settings;
  const std::string path = WriteFile("bad", "linger.ms=1\nacks=0\n");
  const auto added = AddPropertyFile(settings, path);
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().message, HasSubstr(path + ":2: acks cannot be set"));
}

TEST(Settings, WarnsOfSecretsThatEverybodyCanRead) {
  ClientSettings settings;
  ASSERT_TRUE(AddPropertyFile(settings, WriteFile("open", "sasl.password=hunter2\n", 0644)));
  EXPECT_THAT(Warnings(settings), Contains(HasSubstr("chmod 600")));
}

TEST(Settings, WarnsOfWeakSecurity) {
  ClientSettings settings = Local();
  settings.properties = {{"security.protocol", "SASL_PLAINTEXT"}, {"sasl.mechanism", "PLAIN"}};
  EXPECT_THAT(Warnings(settings), Contains(HasSubstr("in clear")));
  settings.properties = {{"security.protocol", "ssl"},
                         {"enable.ssl.certificate.verification", "false"}};
  EXPECT_THAT(Warnings(settings), Contains(HasSubstr("certificate.verification")));
  settings.properties = {{"security.protocol", "sasl_ssl"}, {"sasl.mechanism", "PLAIN"}};
  EXPECT_THAT(Warnings(settings), IsEmpty());
}

TEST(Settings, WarnsOfScramWhereTheLibraryCannotDoIt) {
  constexpr int kOld = 0x020600ff;
  constexpr int kSound = 0x020601ff;
  ClientSettings settings = Local();
  settings.properties = {{"security.protocol", "sasl_ssl"}, {"sasl.mechanism", "SCRAM-SHA-512"}};
  EXPECT_THAT(Warnings(settings, kOld), Contains(HasSubstr("4895")));
  EXPECT_THAT(Warnings(settings, kSound), IsEmpty());
  settings.properties["sasl.mechanism"] = "PLAIN";
  EXPECT_THAT(Warnings(settings, kOld), IsEmpty());
}

TEST(Settings, MasksSecrets) {
  ClientSettings settings = Local();
  settings.properties = {{"linger.ms", "5"}, {"sasl.password", "hunter2"}, {"sasl.username", "u"}};
  EXPECT_EQ(MaskedDescription(settings),
            "brokers=localhost:9092, linger.ms=5, sasl.password=***, sasl.username=***");
}

TEST(Settings, ChecksHowTimeoutsGoTogether) {
  EXPECT_TRUE(Check(Local()));
  EXPECT_FALSE(Check({}));
  ClientSettings settings = Local();
  settings.properties["transaction.timeout.ms"] = "10000";
  EXPECT_THAT(Check(settings).error().message, HasSubstr("below session.timeout.ms"));
  settings.properties["session.timeout.ms"] = "30000";
  EXPECT_TRUE(Check(settings));
  settings.properties["max.poll.interval.ms"] = "20000";
  EXPECT_FALSE(Check(settings));
}

TEST(ClientConf, FixesWhatThePromiseRestsOn) {
  const auto consumer = ConsumerConf(Local(), "g", "a-0");
  ASSERT_TRUE(consumer) << consumer.error().message;
  EXPECT_EQ(Get(*consumer, "isolation.level"), "read_committed");
  EXPECT_EQ(Get(*consumer, "enable.auto.commit"), "false");
  EXPECT_EQ(Get(*consumer, "auto.offset.reset"), "error");
  EXPECT_EQ(Get(*consumer, "group.instance.id"), "a-0");
  EXPECT_EQ(Get(*consumer, "session.timeout.ms"), "10000");
  const auto producer = ProducerConf(Local(), "t", 900000);
  ASSERT_TRUE(producer) << producer.error().message;
  EXPECT_EQ(Get(*producer, "enable.idempotence"), "true");
  EXPECT_EQ(Get(*producer, "transaction.timeout.ms"), "5000");
  EXPECT_EQ(Get(*producer, "socket.timeout.ms"), "5000");
  EXPECT_EQ(Get(*producer, "batch.size"), "900000");
  const auto reader = LogReaderConf(Local(), "g", false);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ(Get(*reader, "isolation.level"), "read_uncommitted");
}

TEST(ClientConf, KeepsTheSocketTimeoutBelowTheTransactions) {
  ClientSettings settings = Local();
  settings.properties["socket.timeout.ms"] = "60000";
  const auto producer = ProducerConf(settings, "t", 900000);
  ASSERT_TRUE(producer) << producer.error().message;
  EXPECT_EQ(Get(*producer, "socket.timeout.ms"), "5000");
}

// Under the cooperative protocol its partitions may be left without an owner.
TEST(ClientConf, ANamedMemberIsEager) {
  const auto named = ConsumerConf(Local(), "g", "a-0");
  ASSERT_TRUE(named) << named.error().message;
  EXPECT_EQ(Get(*named, "partition.assignment.strategy"), "range");
}

TEST(ClientConf, TakesTheUsersProperties) {
  ClientSettings settings = Local();
  settings.properties = {{"partition.assignment.strategy", "roundrobin"}, {"linger.ms", "50"}};
  const auto consumer = ConsumerConf(settings, "g", "");
  ASSERT_TRUE(consumer) << consumer.error().message;
  EXPECT_EQ(Get(*consumer, "partition.assignment.strategy"), "roundrobin");
}

}  // namespace
}  // namespace semel::kafka
