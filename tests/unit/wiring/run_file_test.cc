// The file of `semel run`: what is refused, and where it says so.
#include "run_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "run_checks.h"
#include "run_explain.h"

namespace semel::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string Write(const std::string& name, const std::string& content) {
  std::string path = testing::TempDir() + "run_file_" + name;
  std::ofstream(path) << content;
  ::chmod(path.c_str(), 0600);
  return path;
}

Result<RunPlan> Read(const std::string& yaml) {
  const std::string file = Write("test.yaml", yaml);
  auto plan = ReadRunFile(file);
  if (!plan) return plan;
  if (const auto together = CheckTogether(*plan); !together) return together.error();
  return plan;
}

/// The error without the file's name: ":LINE:COLUMN: text".
std::string Refusal(const std::string& yaml) {
  const auto plan = Read(yaml);
  if (plan) return "accepted";
  EXPECT_EQ(plan.error().action, Action::kFix);
  const std::string file = testing::TempDir() + "run_file_test.yaml";
  EXPECT_THAT(plan.error().message, StartsWith(file));
  return plan.error().message.substr(file.size());
}

const std::string kTop = "brokers: b:1\npipelines:\n";
const std::string kServe = "  - name: ingest\n    serve: {to: events, key: [json:/id]}\n";
const std::string kOnce =
    "  - name: once\n    dedup: {from: events, to: unique, key: [json:/id]}\n";
const std::string kTable =
    "  - name: table\n    sink-postgres: {from: unique, to: postgresql://h/d, table: t}\n";

TEST(RunFile, GivesEachPipelineTheOptionsOfItsCommand) {
  const auto plan = Read("log-level: debug\nmetrics: :9464\n" + kTop + kServe + kOnce + kTable);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->run.log_level(), LogLevel::kDebug);
  EXPECT_EQ(plan->metrics, ":9464");
  ASSERT_EQ(plan->pipelines.size(), 3U);
  EXPECT_EQ(plan->pipelines[0].name, "ingest");
  EXPECT_EQ(std::get<ServeOptions>(plan->pipelines[0].options).endpoints.at(0).topic, "events");
  const auto& dedup = std::get<DedupOptions>(plan->pipelines[1].options);
  EXPECT_EQ(dedup.changelog, "semel.events.seen");
  EXPECT_EQ(dedup.kafka.brokers, "b:1");
  EXPECT_EQ(std::get<SinkOptions>(plan->pipelines[2].options).group, "semel.unique.t");
}

TEST(RunFile, APipelineMayReachAnotherKafkaThanTheOthers) {
  const auto plan = Read(
      "brokers: b:1\nkafka: {client.id: all, linger.ms: 1}\npipelines:\n"
      "  - name: once\n    dedup: {from: a, to: b, brokers: c:1, kafka: {linger.ms: 2}}\n" +
      kServe);
  ASSERT_TRUE(plan) << plan.error().message;
  const auto& own = std::get<DedupOptions>(plan->pipelines[0].options).kafka;
  EXPECT_EQ(own.brokers, "c:1");
  EXPECT_EQ(own.properties.at("linger.ms"), "2");
  EXPECT_EQ(own.properties.at("client.id"), "all");
  const auto& common = std::get<ServeOptions>(plan->pipelines[1].options).kafka;
  EXPECT_EQ(common.brokers, "b:1");
  EXPECT_EQ(common.properties.at("linger.ms"), "1");
}

TEST(RunFile, PipelinesShareTheMemoryThatOneWouldTake) {
  const auto memory = [](const std::string& yaml) {
    return std::get<DedupOptions>(Read(yaml)->pipelines[0].options).memory_limit;
  };
  const std::string other = "  - name: two\n    dedup: {from: c, to: d";
  const auto alone = memory(kTop + kOnce);
  EXPECT_EQ(memory(kTop + kOnce + other + "}\n"), alone / 2);
  EXPECT_EQ(memory(kTop + kOnce + other + ", memory-limit: 1GiB}\n"), alone);
}

TEST(RunFile, RefusesWhatIsNoFileOfPipelines) {
  EXPECT_THAT(Refusal("- a\n"), StartsWith(":1:1: not a map of settings"));
  EXPECT_THAT(Refusal("brokers: b\n"), StartsWith(":1:1: 'pipelines' wants a list"));
  EXPECT_THAT(Refusal("brokers: b\npipelines: {a: b}\n"), StartsWith(":2:12: 'pipelines' wants"));
  EXPECT_THAT(Refusal("brokers: b\npipelines: []\n"), StartsWith(":2:12: 'pipelines' wants"));
  EXPECT_THAT(Refusal("brokers: b\n  pipelines: [\n"), StartsWith(":2:"));
  EXPECT_THAT(Refusal("brokers: b\nbrokers: b\npipelines: [a]\n"),
              StartsWith(":2:1: 'brokers' is there twice"));
  EXPECT_THAT(Refusal(kTop + "  - once\n"), StartsWith(":3:5: a pipeline is a map"));
  EXPECT_THAT(Refusal(kTop + "  - dedup: {from: a, to: b}\n"),
              StartsWith(":3:5: the pipeline has no name"));
  EXPECT_THAT(Refusal(kTop + "  - name: once\n"), StartsWith(":3:5: the pipeline is none of"));
  EXPECT_THAT(Refusal(kTop + "  - name: Once\n    dedup: {}\n"), StartsWith(":3:11: a name has"));
  EXPECT_THAT(Refusal(kTop + kServe + "    dedup: {from: a, to: b}\n"),
              StartsWith(":5:5: a pipeline is one thing: it is serve already"));
  EXPECT_THAT(Refusal(kTop + "  - name: a\n    dedup: [from]\n"),
              StartsWith(":4:12: 'dedup' wants a map"));
}

TEST(RunFile, RefusesWhatHasNoEnd) {
  EXPECT_THAT(Refusal("brokers: &a [*a]\n"), HasSubstr("an alias stands for what it is in"));
  EXPECT_THAT(Refusal("pipelines: &a\n  - name: x\n    dedup: {key: *a}\n"),
              HasSubstr("an alias stands for what it is in"));
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string one = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + one;
    for (int k = 1; k < 10; ++k) laughs += ", " + one;
    laughs += "]\n";
  }
  EXPECT_THAT(Refusal(laughs), HasSubstr("nested too deep"));
  EXPECT_THAT(Refusal("brokers: " + std::string(100, '[') + std::string(100, ']')),
              HasSubstr("nested too deep"));
}

TEST(RunFile, RefusesUnknownKeysAtEachLevel) {
  EXPECT_THAT(Refusal("broker: b\n" + kTop + kServe), StartsWith(":1:1: unknown setting 'broker'"));
  EXPECT_THAT(Refusal(kTop + "  - name: a\n    sink: {}\n"),
              AllOf(StartsWith(":4:5: unknown key 'sink'"), HasSubstr("sink-postgres")));
  EXPECT_THAT(Refusal(kTop + "  - name: a\n    dedup: {from: a, two: b}\n"),
              StartsWith(":4:22: unknown setting 'two'; see semel dedup --help"));
  EXPECT_THAT(Refusal(kTop + "  - name: a\n    sink-postgres: {form: a}\n"),
              StartsWith(":4:21: unknown setting 'form'; see semel sink postgres --help"));
  EXPECT_THAT(Refusal("kafka: {acks: 1}\n" + kTop + kServe),
              StartsWith(":1:15: acks cannot be set"));
}

TEST(RunFile, SaysWhereASettingBelongsThatNoPipelineHas) {
  for (const char* setting : {"metrics: :1", "summary: json", "log-level: debug"})
    EXPECT_THAT(Refusal(kTop + "  - name: a\n    dedup: {from: a, to: b, " + setting + "}\n"),
                AllOf(StartsWith(":4:29: '"), HasSubstr("at the top of the file")));
  for (const char* setting : {"until-end: true", "dry-run: true"})
    EXPECT_THAT(Refusal(kTop + "  - name: a\n    dedup: {from: a, to: b, " + setting + "}\n"),
                AllOf(StartsWith(":4:29: '"), HasSubstr("for the command alone")));
}

TEST(RunFile, RefusesWrongUnitsAndValues) {
  const auto with = [](const std::string& setting) {
    return Refusal(kTop + "  - name: a\n    dedup: {from: a, to: b, " + setting + "}\n");
  };
  EXPECT_THAT(with("window: 7"), AllOf(StartsWith(":4:37: "), HasSubstr("7")));
  EXPECT_THAT(with("lanes: none"), StartsWith(":4:36: --lanes"));
  EXPECT_THAT(with("commit-interval: 3s"),
              StartsWith(":4:46: --commit-interval takes 1ms to 1500ms"));
  EXPECT_THAT(with("memory-limit: 4 apples"), StartsWith(":4:"));
  EXPECT_THAT(with("key: [jsn:/a]"), StartsWith(":4:"));
  EXPECT_THAT(with("secret-file: /no/such"), AllOf(StartsWith(":4:42: "), HasSubstr("/no/such")));
  EXPECT_THAT(Refusal(kTop + "  - name: a\n    dedup: {from: a}\n"),
              AllOf(StartsWith(":4:5: "), HasSubstr("--to is required")));
  EXPECT_THAT(Refusal("pipelines:\n" + kServe),
              AllOf(StartsWith(":3:5: "), HasSubstr("--brokers")));
  EXPECT_THAT(Refusal(kTop + "  - name: a\n    serve: {to: e, key-rate: 5}\n"),
              StartsWith(":4:30: "));
  EXPECT_THAT(Refusal("log-level: loud\n" + kTop + kServe), StartsWith(":1:12: --log-level"));
}

TEST(RunFile, ChecksPipelinesAgainstEachOther) {
  EXPECT_THAT(Refusal(kTop + kServe + kServe), StartsWith(":5:11: the name 'ingest' is taken"));
  const auto two = [](const std::string& kind, const std::string& one, const std::string& other) {
    return Refusal(kTop + "  - name: one\n    " + kind + ": {" + one + "}\n" +
                   "  - name: two\n    " + kind + ": {" + other + "}\n");
  };
  EXPECT_THAT(two("dedup", "from: a, to: b, group: g, instance: i",
                  "from: c, to: d, group: g, instance: i"),
              StartsWith(":6:49: the transactional ids g-i-0 and so on are those of 'one'"));
  // g-h and i make the same ids as g and h-i.
  EXPECT_THAT(two("dedup", "from: a, to: b, group: g-h, instance: i",
                  "from: c, to: d, group: g, instance: h-i"),
              StartsWith(":6:49: the transactional ids g-h-i-0"));
  EXPECT_THAT(two("dedup", "from: a, to: b, group: g", "from: c, to: d, group: g"),
              StartsWith(":6:36: the group g is that of 'one'"));
  EXPECT_THAT(two("dedup", "from: a, to: b, changelog: s", "from: c, to: d, changelog: s"),
              StartsWith(":6:40: the changelog s is that of 'one'"));
  EXPECT_THAT(two("dedup", "from: a, to: b, changelog: s", "from: s, to: d"),
              StartsWith(":6:19: the topic s is the changelog of 'one'"));
  EXPECT_THAT(two("dedup", "from: a, to: b", "from: c, to: d, changelog: b"),
              StartsWith(":6:40: the changelog b is a topic of 'one' too"));
  EXPECT_THAT(two("dedup", "from: a, to: b, state-dir: /s", "from: c, to: d, state-dir: /s"),
              StartsWith(":6:40: the directory /s is that of 'one'"));
  EXPECT_THAT(two("serve", "to: a, listen: 'h:80'", "to: b, listen: ':80'"),
              StartsWith(":6:28: the address :80 is taken by 'one'"));
  EXPECT_EQ(two("serve", "to: a, listen: 'h:0'", "to: b, listen: 'h:0'"), "accepted");
  EXPECT_EQ(two("serve", "to: a, listen: 'h:80'", "to: b, listen: 'g:80'"), "accepted");
  EXPECT_THAT(
      Refusal("metrics: ':80'\n" + kTop + "  - name: a\n    serve: {to: a, listen: 'h:80'}\n"),
      StartsWith(":1:10: the address :80 is taken by 'a'"));
  // What is in another cluster is another topic and another group.
  EXPECT_EQ(two("dedup", "from: a, to: b, group: g", "from: a, to: b, group: g, brokers: x:1"),
            "accepted");
}

TEST(RunFile, NamesACycleOfTopics) {
  const std::string back = "  - name: back\n    dedup: {from: unique, to: events}\n";
  EXPECT_THAT(Refusal(kTop + kServe + kOnce + back),
              AllOf(StartsWith(":8:19: "), HasSubstr("unique -> events -> unique")));
  // Through a topic for what cannot be a row.
  const std::string letters =
      "  - name: t\n    sink-postgres: {from: unique, to: postgresql://h/d, table: t, on-invalid: "
      "topic:events}\n";
  EXPECT_THAT(Refusal(kTop + kOnce + letters),
              AllOf(StartsWith(":6:27: "), HasSubstr("unique -> events -> unique")));
  const std::string elsewhere =
      "  - name: back\n    dedup: {from: unique, to: events, brokers: x:1}\n";
  EXPECT_EQ(Refusal(kTop + kOnce + elsewhere), "accepted");
}

TEST(RunFile, ListsOfBrokersWithOneInCommonAreOneCluster) {
  const auto two = [](const std::string& one, const std::string& other) {
    return Refusal("pipelines:\n  - name: a\n    dedup: {from: a, to: b, brokers: '" + one +
                   "'}\n  - name: c\n    dedup: {from: b, to: a, brokers: '" + other + "'}\n");
  };
  for (const char* other : {"k2:9092,k1:9092", "k1", "PLAINTEXT://K1:9092", "k3:1, k1:9092"})
    EXPECT_THAT(two("k1:9092,k2:9092", other), HasSubstr("in a circle")) << other;
  EXPECT_EQ(two("k1:9092,k2:9092", "k1:9093,k3:9092"), "accepted");
  EXPECT_EQ(two("[::1]:9092", "[::1]:9093"), "accepted");
  EXPECT_THAT(two("[::1]", "[::1]:9092"), HasSubstr("in a circle"));
}

TEST(RunFile, AStateDirectoryIsTheSameHoweverItIsWritten) {
  const std::string first =
      kTop + "  - name: a\n    dedup: {from: a, to: b, state-dir: /var/lib/semel/a}\n";
  for (const char* other :
       {"/var/lib/semel/a/", "/var/lib/semel/../semel//a", "/var/lib/semel/./a"})
    EXPECT_THAT(
        Refusal(first + "  - name: c\n    dedup: {from: c, to: d, state-dir: " + other + "}\n"),
        HasSubstr(":6:40: the directory /var/lib/semel/a is that of 'a'"))
        << other;
}

TEST(RunFile, LooksAtCertificatesAndAddressesToo) {
  const auto serve = [](const std::string& settings) {
    return Refusal(kTop + "  - name: a\n    serve: {to: e, " + settings + "}\n");
  };
  const std::string none = Write("none.pem", "nothing\n");
  EXPECT_THAT(serve("tls-certificate: " + none + ", tls-key: " + none),
              StartsWith(":4:37: --tls-certificate "));
  EXPECT_THAT(serve("edge-redis: 'rediss://r', redis-ca: " + none),
              HasSubstr("has no certificate"));
  EXPECT_THAT(serve("edge-redis: 'rediss://r', redis-ca: /no/such"), HasSubstr("/no/such"));
  EXPECT_THAT(serve("listen: here"),
              StartsWith(":4:28: --listen: address 'here' is not HOST:PORT"));
  EXPECT_THAT(Refusal("metrics: 9090\n" + kTop + kServe),
              StartsWith(":1:10: --metrics: address '9090' is not HOST:PORT"));
}

TEST(RunFile, PathsOfAServeAreMaps) {
  const auto plan = Read(kTop +
                         "  - name: a\n    serve:\n      to: events\n      key: [json:/id]\n"
                         "      endpoint:\n"
                         "        - {path: /clicks, to: clicks, key: [json:/a, 'json:/b c']}\n"
                         "        - path=/views to=views on-missing=accept batches=false\n");
  ASSERT_TRUE(plan) << plan.error().message;
  const auto& endpoints = std::get<ServeOptions>(plan->pipelines[0].options).endpoints;
  ASSERT_EQ(endpoints.size(), 3U);
  EXPECT_EQ(endpoints[1].topic, "clicks");
  EXPECT_THAT(endpoints[1].key.parts, testing::ElementsAre("json:/a", "json:/b c"));
  EXPECT_TRUE(endpoints[1].batches);
  EXPECT_THAT(endpoints[2].key.parts, testing::ElementsAre("json:/id"));
  EXPECT_EQ(endpoints[2].on_missing, ingest::OnMissing::kAccept);
  EXPECT_FALSE(endpoints[2].batches);
  EXPECT_THAT(Refusal(kTop + "  - name: a\n    serve: {endpoint: [{path: /a, form: b}]}\n"),
              AllOf(StartsWith(":4:23: "), HasSubstr("'form' is none of")));
}

TEST(RunFile, AnEdgeThatRemembersLongerThanTheDedupBehindItIsDoubted) {
  const auto doubts = [](const std::string& edge, const std::string& window) {
    const auto plan =
        Read(kTop + "  - name: in\n    serve: {to: events, " + edge + "}\n" +
             "  - name: once\n    dedup: {from: events, to: b, window: " + window + "}\n");
    return plan ? Doubts(*plan) : std::vector<std::string>{plan.error().message};
  };
  EXPECT_THAT(doubts("edge-ttl: 2h", "1h"),
              testing::ElementsAre(AllOf(HasSubstr(".yaml:4:35: edge-ttl is 2h"),
                                         HasSubstr("'once' behind it 1h"))));
  EXPECT_THAT(doubts("edge-ttl: 1h", "1h"), testing::IsEmpty());
  EXPECT_THAT(doubts("edge-ttl: 2h, edge-memory: 0", "1h"), testing::IsEmpty());
}

class RunFileReferences : public testing::Test {
 protected:
  RunFileReferences() {
    ::setenv("SEMEL_TEST_TOPIC", "orders", 1);
    ::setenv("SEMEL_TEST_SECRET", "hunter2", 1);
    ::setenv("SEMEL_TEST_DATABASE", "postgresql://semel:hunter2@h/d", 1);
    ::unsetenv("SEMEL_TEST_NONE");
  }
};

TEST_F(RunFileReferences, VariablesStandForTheirValues) {
  const auto plan = Read(kTop +
                         "  - name: a\n    dedup: {from: \"${SEMEL_TEST_TOPIC}\", to: "
                         "'x.${SEMEL_TEST_TOPIC}', namespace: '$${SEMEL_TEST_TOPIC} $5'}\n");
  ASSERT_TRUE(plan) << plan.error().message;
  const auto& options = std::get<DedupOptions>(plan->pipelines[0].options);
  EXPECT_EQ(options.from, "orders");
  EXPECT_EQ(options.to, "x.orders");
  EXPECT_EQ(options.key.name_space, "${SEMEL_TEST_TOPIC} $5");
}

TEST_F(RunFileReferences, AreRefusedWhereTheyMeanNothing) {
  const auto from = [](const std::string& value) {
    return Refusal(kTop + "  - name: a\n    dedup: {to: b, from: '" + value + "'}\n");
  };
  EXPECT_EQ(from("${SEMEL_TEST_NONE}"), ":4:26: the environment has no variable SEMEL_TEST_NONE");
  EXPECT_THAT(from("${SEMEL_TEST_TOPIC"), StartsWith(":4:26: a variable of the environment is"));
  EXPECT_THAT(from("${}"), StartsWith(":4:26: "));
  EXPECT_THAT(from("${2}"), StartsWith(":4:26: "));
}

TEST_F(RunFileReferences, SecretsComeFromFilesAndTheEnvironmentOnly) {
  const std::string secret = Write("secret", "hunter3\n");
  const auto password = [](const std::string& value) {
    const auto plan =
        Read("kafka: {sasl.username: semel, sasl.password: '" + value + "'}\n" + kTop + kOnce);
    if (!plan) return plan.error().message;
    return std::get<DedupOptions>(plan->pipelines[0].options).kafka.properties.at("sasl.password");
  };
  EXPECT_EQ(password("${SEMEL_TEST_SECRET}"), "hunter2");
  EXPECT_EQ(password("env:SEMEL_TEST_SECRET"), "hunter2");
  EXPECT_EQ(password("file:" + secret), "hunter3");
  EXPECT_THAT(password("hunter4"),
              AllOf(HasSubstr(".yaml:1:46: sasl.password is a secret"), Not(HasSubstr("hunter"))));
  EXPECT_THAT(password("file:/no/such"), HasSubstr(":1:46: sasl.password: cannot read /no/such"));
}

TEST_F(RunFileReferences, TheDatabaseMayHaveAPasswordIfItIsReadElsewhere) {
  const std::string file = Write("database", "postgresql://semel:hunter2@h/e\n");
  const auto conninfo = [](const std::string& value) {
    const auto plan =
        Read(kTop + "  - name: t\n    sink-postgres: {from: a, table: t, to: '" + value + "'}\n");
    return plan ? std::get<SinkOptions>(plan->pipelines[0].options).conninfo.Get()
                : plan.error().message;
  };
  EXPECT_EQ(conninfo("${SEMEL_TEST_DATABASE}"), "postgresql://semel:hunter2@h/d");
  EXPECT_EQ(conninfo("file:" + file), "postgresql://semel:hunter2@h/e");
  for (const char* plain :
       {"postgresql://semel:hunter2@h/d", "postgresql://semel:${SEMEL_TEST_SECRET}@h/d"})
    EXPECT_THAT(conninfo(plain),
                AllOf(HasSubstr(":4:44: --to holds a password"), Not(HasSubstr("hunter2"))));
}

TEST_F(RunFileReferences, AreShownInPlaceOfTheirValues) {
  EXPECT_THAT(
      Refusal(kTop + "  - name: a\n    dedup: {from: a, to: b, window: '${SEMEL_TEST_SECRET}'}\n"),
      AllOf(StartsWith(":4:37: "), HasSubstr("${SEMEL_TEST_SECRET}"), Not(HasSubstr("hunter2"))));
}

TEST_F(RunFileReferences, AreNotInWhatIsExplained) {
  const auto plan = Read(
      "kafka: {security.protocol: sasl_ssl, sasl.username: semel, sasl.password: "
      "'${SEMEL_TEST_SECRET}'}\n" +
      kTop + kServe + kOnce +
      "  - name: table\n    sink-postgres: {from: unique, to: '${SEMEL_TEST_DATABASE}', table: "
      "t}\n");
  ASSERT_TRUE(plan) << plan.error().message;
  const std::string text = Explain(*plan);
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, HasSubstr("events -> once (dedup) -> unique\n"));
  EXPECT_THAT(text, HasSubstr("unique -> table (sink-postgres) -> table \"t\"\n"));
  EXPECT_THAT(text, HasSubstr("--allow-principal User:semel --operation Write --transactional-id "
                              "semel.events- --resource-pattern-type prefixed\n"));
}

TEST(RunExplain, SaysWhatOtherServersHaveToAllow) {
  const auto plan =
      Read(kTop + "  - name: in\n    serve: {to: events, edge-redis: 'redis://cache'}\n" +
           "  - name: once\n    dedup: {from: events, to: unique, seen: 'redis://cache'}\n" +
           "  - name: out\n    sink-postgres: {from: unique, to: postgresql://h/d, table: s.t, "
           "create-table: true}\n");
  ASSERT_TRUE(plan) << plan.error().message;
  const std::string text = Explain(*plan);
  for (const char* line : {"ACL SETUSER USER on >PASSWORD ~semel:* +mget +set +select\n",
                           "ACL SETUSER USER on >PASSWORD ~semel:* +get +set +del +exists +evalsha "
                           "+script|load +info +select\n",
                           "GRANT SELECT, INSERT ON \"s\".\"t\" TO USER\n",
                           "GRANT SELECT, INSERT, UPDATE ON \"s\".\"semel_offsets\" TO USER\n",
                           "GRANT CREATE ON SCHEMA \"s\" TO USER\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(RunExplain, PromisesNoMoreThanEachModeDoes) {
  const auto of = [](const std::string& settings) {
    const auto plan = Read(kTop + "  - name: a\n    " + settings + "\n");
    return plan ? Explain(*plan) : plan.error().message;
  };
  EXPECT_THAT(of("serve: {to: e}"), AllOf(HasSubstr("At least once"), Not(HasSubstr("Exactly"))));
  EXPECT_THAT(of("dedup: {from: a, to: b}"),
              AllOf(HasSubstr("Exactly once"), HasSubstr("min.insync.replicas=2"),
                    HasSubstr("(missing, invalid, late) are outside it")));
  EXPECT_THAT(of("dedup: {from: a, to: b, on-missing: drop, on-late: fail}"),
              HasSubstr("(invalid) are outside it"));
  EXPECT_THAT(of("dedup: {from: a, to: b, seen: 'redis://r'}"),
              AllOf(HasSubstr("weaker"), Not(HasSubstr("Exactly once"))));
  EXPECT_THAT(of("dedup: {from: a, to: b, on-duplicate: mark}"),
              HasSubstr("one message without the header semel-duplicate-of"));
  const std::string sink = "sink-postgres: {from: a, to: postgresql://h/d, table: t, on-invalid: ";
  EXPECT_THAT(of(sink + "drop}"), HasSubstr("are left out, and counted"));
  EXPECT_THAT(of(sink + "'topic:bad'}"), HasSubstr("may be there twice"));
}

}  // namespace
}  // namespace semel::app
