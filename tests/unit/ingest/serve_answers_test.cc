// What a client is told about its events, and when.
#include <gmock/gmock.h>

#include <future>

#include "compressed.h"
#include "serve_fixture.h"

namespace semel::ingest {
namespace {

using testing::HasSubstr;

std::string StatusesOf(const Reply& reply) {
  std::string all;
  const nlohmann::json answer = reply.json();
  for (const auto& result : answer.at("results")) {
    if (!all.empty()) all.append(" ");
    all.append(result["status"].get<std::string>());
  }
  return all;
}

TEST_F(ServeTest, AnEventIsWrittenWithItsFingerprintAsKey) {
  Start();
  const Reply reply = Ask(Post("/v1/events", R"({"id": 7, "what": "play"})"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json()["status"], "accepted");
  const auto sent = sink.sent();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].topic, "events");
  EXPECT_EQ(sent[0].value, R"({"id": 7, "what": "play"})");
  auto rule = Fingerprinter::Open(events.key);
  Record record;
  record.value = sent[0].value;
  EXPECT_EQ(sent[0].key, ToHex(rule->Identify(record).fingerprint, 128));
}

TEST_F(ServeTest, NothingIsAnsweredBeforeTheAcknowledgement) {
  sink.SetMode(FakeSink::Mode::kHold);
  Start();
  Client client = Connect();
  client.Send(Post("/v1/events", R"({"id":1})"));
  sink.AwaitSent(1);
  auto reply = std::async(std::launch::async, [&] { return client.Read(); });
  EXPECT_EQ(reply.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  sink.Release(true);
  EXPECT_EQ(reply.get().status, 200);
}

TEST_F(ServeTest, WhatKafkaDidNotTakeIsToBeSentAgain) {
  sink.SetMode(FakeSink::Mode::kFail);
  Start();
  const Reply reply = Ask(Post("/v1/events", R"({"id":1})"));
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.json()["status"], "retry");
  EXPECT_TRUE(reply.Has("Retry-After: 1\r\n"));
}

TEST_F(ServeTest, WhatTheTopicCannotTakeIsTooLarge) {
  sink.SetMode(FakeSink::Mode::kTooLarge);
  Start();
  EXPECT_EQ(Ask(Post("/v1/events", R"({"id":1})")).status, 413);
}

TEST_F(ServeTest, WhatKafkaWillNeverTakeIsRejected) {
  remembers = true;
  sink.SetMode(FakeSink::Mode::kRefuse);
  Start();
  const Reply one = Ask(Post("/v1/events", R"({"id":1})"));
  EXPECT_EQ(one.status, 400);
  EXPECT_EQ(one.json()["status"], "rejected");
  const Reply several = Ask(Post("/v1/events", R"([{"no":1},{"id":2},{"no":3}])"));
  EXPECT_EQ(StatusesOf(several), "rejected rejected rejected");
  const nlohmann::json results = several.json()["results"];
  EXPECT_THAT(results[0]["reason"].get<std::string>(), HasSubstr("json:/id"));
  EXPECT_THAT(results[1]["reason"].get<std::string>(), HasSubstr("Kafka will never take it"));
  EXPECT_THAT(results[2]["reason"].get<std::string>(), HasSubstr("json:/id"));
  sink.SetMode(FakeSink::Mode::kAcknowledge);
  EXPECT_EQ(Ask(Post("/v1/events", R"({"id":1})")).json()["status"], "accepted");
}

TEST_F(ServeTest, AnAcknowledgedEventIsRemembered) {
  remembers = true;
  Start();
  EXPECT_EQ(Ask(Post("/v1/events", R"({"id":1})")).json()["status"], "accepted");
  const Reply copy = Ask(Post("/v1/events", R"({"id":1,"again":true})"));
  EXPECT_EQ(copy.status, 200);
  EXPECT_EQ(copy.json()["status"], "duplicate");
  EXPECT_EQ(sink.sent().size(), 1U);
}

TEST_F(ServeTest, AnEventThatKafkaHasNotIsNotRemembered) {
  remembers = true;
  sink.SetMode(FakeSink::Mode::kHold);
  Start();
  Client first = Connect();
  first.Send(Post("/v1/events", R"({"id":1})"));
  sink.AwaitSent(1);
  Client second = Connect();  // before the answer
  second.Send(Post("/v1/events", R"({"id":1})"));
  sink.AwaitSent(2);
  sink.Release(false);
  EXPECT_EQ(first.Read().status, 503);
  EXPECT_EQ(second.Read().status, 503);
  sink.SetMode(FakeSink::Mode::kAcknowledge);
  EXPECT_EQ(Ask(Post("/v1/events", R"({"id":1})")).json()["status"], "accepted");  // after it
}

TEST_F(ServeTest, ABatchIsAnsweredEventByEvent) {
  remembers = true;
  Start();
  Ask(Post("/v1/events", R"({"id":1})"));
  const Reply reply = Ask(Post("/v1/events", R"([{"id":1},{"id":2},{"no":3},7,{"id":4}])"));
  EXPECT_EQ(reply.status, 207);
  EXPECT_EQ(StatusesOf(reply), "duplicate accepted rejected rejected accepted");
  EXPECT_EQ(reply.json()["results"][2]["reason"], "json:/id is missing or null");
  EXPECT_EQ(reply.json()["accepted"], 2);
  EXPECT_EQ(reply.json()["duplicate"], 1);
  EXPECT_EQ(reply.json()["rejected"], 2);
}

TEST_F(ServeTest, ABatchInLines) {
  Start();
  const Reply reply = Ask(Post("/v1/events", "{\"id\":1}\n\n{\"id\":2}\r\n{\"id\":3",
                               "Content-Type: application/x-ndjson\r\n"));
  EXPECT_EQ(reply.status, 207);
  EXPECT_EQ(StatusesOf(reply), "accepted accepted rejected");
}

TEST_F(ServeTest, ABatchOfWhichNothingWasStored) {
  Start();
  EXPECT_EQ(Ask(Post("/v1/events", R"([{"no":1}])")).status, 400);
  sink.SetMode(FakeSink::Mode::kFail);
  const Reply reply = Ask(Post("/v1/events", R"([{"id":1},{"no":2}])"));
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(StatusesOf(reply), "retry rejected");
  EXPECT_EQ(Ask(Post("/v1/events", "[]")).status, 200);
}

TEST_F(ServeTest, AMissingKeyCanBeAccepted) {
  events.on_missing = OnMissing::kAccept;
  Start();
  EXPECT_EQ(Ask(Post("/v1/events", R"({"no":1})")).status, 200);
  EXPECT_EQ(Ask(Post("/v1/events", R"({"no":)")).status, 400);  // but it has to be JSON
  ASSERT_EQ(sink.sent().size(), 1U);
  EXPECT_EQ(sink.sent()[0].key, "");
}

TEST_F(ServeTest, WhatIsNoEventIsRefusedWithAReason) {
  Start();
  const auto reason = [&](std::string_view body) {
    const Reply reply = Ask(Post("/v1/events", body));
    EXPECT_EQ(reply.status, 400) << body;
    return reply.json()["reason"].get<std::string>();
  };
  EXPECT_THAT(reason(""), HasSubstr("empty"));
  EXPECT_THAT(reason("7"), HasSubstr("not a JSON object"));
  EXPECT_THAT(reason(R"({"id":null})"), HasSubstr("json:/id is missing"));
  EXPECT_THAT(reason("{\"id\":\"\xff\"}"), HasSubstr("UTF-8"));
  EXPECT_THAT(reason(R"({"id":1} x)"), HasSubstr("not valid JSON"));
  EXPECT_THAT(reason(R"({"id":1,"id":2})"), HasSubstr("twice"));
  EXPECT_THAT(reason(R"({"id":1,"n":NaN})"), HasSubstr("not valid JSON"));
  EXPECT_THAT(reason(R"([{"id":1})"), HasSubstr("events[0]"));
  EXPECT_TRUE(sink.sent().empty());
}

TEST_F(ServeTest, NestingIsBounded) {
  Start();
  const auto nested = [](std::size_t depth) {
    return R"({"id":1,"deep":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(Ask(Post("/v1/events", nested(63))).status, 200);
  EXPECT_EQ(Ask(Post("/v1/events", nested(64))).status, 400);
  EXPECT_EQ(Ask(Post("/v1/events", nested(400'000))).status, 400);
}

TEST_F(ServeTest, NestingMayBeBoundedFurther) {
  events.max_depth = 3;
  Start();
  EXPECT_EQ(Ask(Post("/v1/events", R"({"id":1,"a":[[1],"]\"[[[[",[2]]})")).status, 200);
  const Reply reply = Ask(Post("/v1/events", R"({"id":1,"a":[[[1]]]})"));
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.json()["reason"].get<std::string>(), HasSubstr("at most 3 deep"));
  EXPECT_EQ(Ask(Post("/one", R"({"id":1,"a":[[[1]]]})")).status, 200);
}

TEST_F(ServeTest, HugeNumbersAreWordsLikeOthers) {
  Start();
  const std::string digits(5000, '9');
  for (const std::string& body :
       {R"({"id":1,"n":)" + digits + "}", R"({"id":1,"n":1e)" + digits + "}",
        R"({"id":)" + std::string(40, '9') + "}"}) {
    EXPECT_EQ(Ask(Post("/v1/events", body)).status, 200) << body.substr(0, 40);
    EXPECT_EQ(sink.sent().back().value, body);
  }
  // Equal numbers are equal keys, so one that cannot be written out is refused.
  const Reply reply = Ask(Post("/v1/events", R"({"id":1e1000000000})"));
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.json()["reason"].get<std::string>(), HasSubstr("out of range"));
}

TEST_F(ServeTest, APathForSingleEventsTakesNoBatch) {
  Start();
  EXPECT_EQ(Ask(Post("/one", R"({"id":1})")).status, 200);
  EXPECT_EQ(Ask(Post("/one", R"([{"id":1}])")).status, 400);
  EXPECT_EQ(Ask(Post("/one", R"({"id":1})", "Content-Type: application/x-ndjson\r\n")).status, 415);
  EXPECT_EQ(sink.sent()[0].topic, "ones");
}

TEST_F(ServeTest, OneConnectionServesManyRequests) {
  Start();
  Client client = Connect();
  client.Send(Post("/v1/events", R"({"id":1})") + Post("/v1/events", R"({"id":2})"));
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(client.Ask(Post("/v1/events", R"({"no":3})")).status, 400);
  EXPECT_EQ(client.Ask(Post("/v1/events", R"({"id":4})", "Connection: close\r\n")).status, 200);
  EXPECT_TRUE(client.Ended());
}

TEST_F(ServeTest, ABodyMayBeCompressed) {
  Start();
  const std::string event = R"({"id":1})";
  EXPECT_EQ(Ask(Post("/v1/events", Gzip(event), "Content-Encoding: gzip\r\n")).status, 200);
  EXPECT_EQ(Ask(Post("/one", Zstd(event), "Content-Encoding: zstd\r\n")).status, 200);
  EXPECT_EQ(Ask(Post("/v1/events", Zstd(event), "Content-Encoding: gzip\r\n")).status, 400);
  ASSERT_EQ(sink.sent().size(), 2U);
  EXPECT_EQ(sink.sent()[0].value, event);
  EXPECT_EQ(sink.sent()[1].value, event);
}

TEST_F(ServeTest, ABodyInChunks) {
  Start();
  Client client = Connect();
  client.Send(Request("POST", "/v1/events", "Transfer-Encoding: chunked\r\n"));
  client.Send("4\r\n{\"id\r\n");
  client.Send("4\r\n\":1}\r\n0\r\n\r\n");
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(sink.sent()[0].value, R"({"id":1})");
}

}  // namespace
}  // namespace semel::ingest
