// Each bound of limits.h, and what tries to get around them.
#include <gmock/gmock.h>

#include "compressed.h"
#include "serve_fixture.h"

namespace semel::ingest {
namespace {

using std::chrono::milliseconds;

TEST_F(ServeTest, AHeaderHasABound) {
  limits.header_bytes = 1024;
  limits.header_fields = 8;
  Start();
  EXPECT_EQ(Ask(Request("GET", "/livez", "X: " + std::string(2000, 'x') + "\r\n")).status, 431);
  EXPECT_EQ(Ask("GET /" + std::string(5000, 'x')).status, 431);
  std::string fields;
  for (int i = 0; i < 7; ++i) fields += "X: y\r\n";
  EXPECT_EQ(Ask(Request("GET", "/livez", fields)).status, 200);
  EXPECT_EQ(Ask(Request("GET", "/livez", fields + "X: y\r\n")).status, 431);
}

TEST_F(ServeTest, ABodyHasABound) {
  limits.body_bytes = 100;
  Start();
  const std::string fits = R"({"id":1})" + std::string(92, ' ');
  EXPECT_EQ(Ask(Post("/v1/events", fits)).status, 200);
  EXPECT_EQ(Ask(Post("/v1/events", fits + " ")).status, 413);
  Client client = Connect();
  client.Send(Request("POST", "/v1/events", "Transfer-Encoding: chunked\r\n"));
  EXPECT_EQ(client.Ask("65\r\n" + fits + " \r\n0\r\n\r\n").status, 413);
}

TEST_F(ServeTest, WhatABodyBecomesHasABound) {
  limits.decompressed_bytes = 200'000;
  limits.compression_ratio = 50;
  Start();
  for (const bool zstd : {false, true}) {
    const auto status = [&](const std::string& text) {
      return Ask(Post("/v1/events", zstd ? Zstd(text) : Gzip(text),
                      zstd ? "Content-Encoding: zstd\r\n" : "Content-Encoding: gzip\r\n"))
          .status;
    };
    EXPECT_EQ(status(Noise(200'000)), 400);  // it fits, and is no JSON
    EXPECT_EQ(status(Noise(200'001)), 413);
    EXPECT_EQ(status(std::string(100'000, ' ')), 413);  // a bomb, though within the size
  }
}

/// A request that a client may send fits into an idle server, whatever else is refused.
TEST_F(ServeTest, TheLargestRequestFits) {
  limits.body_bytes = 300'000;
  limits.decompressed_bytes = 250'000;
  limits.compression_ratio = 1000;
  limits.bytes_in_flight = LargestRequest(limits);
  Start();
  const std::string event = R"({"id":1})" + std::string(249'992, ' ');
  EXPECT_EQ(Ask(Post("/v1/events", Gzip(event), "Content-Encoding: gzip\r\n")).status, 200);
  const std::string plain = Noise(250'000);  // not smaller when it is compressed
  EXPECT_EQ(Ask(Post("/v1/events", Zstd(plain), "Content-Encoding: zstd\r\n")).status, 400);
  EXPECT_EQ(Ask(Post("/v1/events", event + std::string(50'000, ' '))).status, 200);
}

TEST_F(ServeTest, ABatchHasABound) {
  limits.batch_events = 2;
  Start();
  EXPECT_EQ(Ask(Post("/v1/events", R"([{"id":1},{"id":2}])")).status, 200);
  EXPECT_EQ(Ask(Post("/v1/events", R"([{"id":1},{"id":2},{"id":3}])")).status, 413);
  EXPECT_EQ(Ask(Post("/v1/events", "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n")).status, 413);
  EXPECT_EQ(sink.sent().size(), 2U);
}

TEST_F(ServeTest, EventsInFlightHaveABound) {
  sink.SetMode(FakeSink::Mode::kHold);
  sink.room = 1;
  Start();
  Client first = Connect();
  first.Send(Post("/v1/events", R"({"id":1})"));
  sink.AwaitSent(1);
  const Reply reply = Ask(Post("/v1/events", R"({"id":2})"));
  EXPECT_EQ(reply.status, 503);
  EXPECT_TRUE(reply.Has("Retry-After: 1\r\n"));
  sink.Release(true);
  EXPECT_EQ(first.Read().status, 200);
}

TEST_F(ServeTest, BytesInFlightHaveABound) {
  limits.bytes_in_flight = 1000;
  sink.SetMode(FakeSink::Mode::kHold);
  Start();
  const std::string event = R"({"id":1})" + std::string(592, ' ');
  Client first = Connect();
  first.Send(Post("/v1/events", event));
  sink.AwaitSent(1);
  EXPECT_EQ(Ask(Post("/v1/events", event)).status, 503);
  sink.Release(true);
  EXPECT_EQ(first.Read().status, 200);
  sink.SetMode(FakeSink::Mode::kAcknowledge);
  EXPECT_EQ(first.Ask(Post("/v1/events", event)).status, 200);  // given back
}

TEST_F(ServeTest, ALengthThatIsOnlySaidTakesNoMemory) {
  limits.bytes_in_flight = 10'000;
  Start();
  Client silent = Connect();
  silent.Send(Request("POST", "/v1/events", "Content-Length: 9900\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(silent.Read().status, 100);
  EXPECT_EQ(Ask(Post("/v1/events", R"({"id":1})" + std::string(592, ' '))).status, 200);
}

TEST_F(ServeTest, AFullProducerIsNoLoss) {
  sink.SetMode(FakeSink::Mode::kFull);
  Start();
  EXPECT_EQ(Ask(Post("/v1/events", R"({"id":1})")).status, 503);
}

TEST_F(ServeTest, ConnectionsHaveABound) {
  limits.connections = 1;
  Start();
  Client first = Connect();
  EXPECT_EQ(first.Ask(Request("GET", "/livez")).status, 200);
  EXPECT_EQ(Connect().Read().status, 503);
  EXPECT_EQ(server->turned_away(), 1U);
  EXPECT_EQ(first.Ask(Request("GET", "/livez")).status, 200);
}

// Closed with bytes unread, the connection would be reset, and the answer lost.
TEST_F(ServeTest, WhoIsTurnedAwayGetsToReadIt) {
  limits.connections = 1;
  Start();
  Client first = Connect();
  EXPECT_EQ(first.Ask(Request("GET", "/livez")).status, 200);
  for (int i = 0; i < 20; ++i) {
    const Reply reply = Ask(Post("/v1/events", std::string(100'000, ' ')));
    EXPECT_EQ(reply.status, 503);
    EXPECT_TRUE(reply.Has("Retry-After: 1\r\n"));
  }
  EXPECT_EQ(server->turned_away(), 20U);
  EXPECT_EQ(first.Ask(Request("GET", "/livez")).status, 200);
}

// LeakSanitizer looks for what nobody answered.
TEST_F(ServeTest, AServerMayEndBeforeKafkaAnswers) {
  sink.SetMode(FakeSink::Mode::kHold);
  Start();
  Client client = Connect();
  client.Send(Post("/v1/events", R"({"id":1})"));
  sink.AwaitSent(1);
}

TEST_F(ServeTest, AHeaderThatDoesNotComeIsNotWaitedFor) {
  limits.header_time = milliseconds(50);
  Start();
  Client client = Connect();
  EXPECT_EQ(client.Ask("POST /v1/events HTTP/1.1\r\nHost: he").status, 408);
  EXPECT_TRUE(client.Ended());
}

TEST_F(ServeTest, ABodyThatComesTooSlowlyIsNotWaitedFor) {
  limits.body_grace = milliseconds(50);
  Start();
  EXPECT_EQ(Ask(Request("POST", "/v1/events", "Content-Length: 8\r\n") + "{\"i").status, 408);
  EXPECT_TRUE(sink.sent().empty());
}

TEST_F(ServeTest, WhatAChunkSaysAboutItselfEarnsNoTime) {
  limits.body_grace = milliseconds(50);
  limits.body_rate = 1;
  Start();
  const std::string chunk = "1;x=" + std::string(2000, 'x') + "\r\n{\r\n";
  EXPECT_EQ(Ask(Request("POST", "/v1/events", "Transfer-Encoding: chunked\r\n") + chunk).status,
            408);
}

TEST_F(ServeTest, AConnectionThatAsksNothingIsClosed) {
  limits.idle_time = milliseconds(50);
  Start();
  EXPECT_TRUE(Connect().Ended());
}

/// A second request hidden in the first would be answered too.
class Smuggling : public ServeTest, public testing::WithParamInterface<const char*> {};

TEST_P(Smuggling, IsRefused) {
  Start();
  Client client = Connect();
  const Reply reply =
      client.Ask(std::string(GetParam()) + "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(reply.status, 400) << reply.body;
  EXPECT_TRUE(client.Ended());
  EXPECT_TRUE(sink.sent().empty());
}

#define HEAD "POST /v1/events HTTP/1.1\r\nHost: a\r\n"
INSTANTIATE_TEST_SUITE_P(
    , Smuggling,
    testing::Values(
        HEAD "Content-Length: 8\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD "Transfer-Encoding: chunked\r\nContent-Length: 8\r\n\r\n0\r\n\r\n",
        HEAD "Content-Length: 8\r\nContent-Length: 8\r\n\r\n{\"id\":1}",
        HEAD "Content-Length: 8, 8\r\n\r\n{\"id\":1}", HEAD "Content-Length: +8\r\n\r\n{\"id\":1}",
        HEAD "Content-Length: -8\r\n\r\n{\"id\":1}", HEAD "Content-Length: 0x8\r\n\r\n{\"id\":1}",
        HEAD "Content-Length : 8\r\n\r\n{\"id\":1}",
        HEAD "Content-Length: 99999999999999999999\r\n\r\n{\"id\":1}",
        HEAD "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        HEAD "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        HEAD "X: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD "X: a\nContent-Length: 8\r\n\r\n{\"id\":1}",
        HEAD "X: a\rContent-Length: 8\r\n\r\n{\"id\":1}", HEAD "Host: b\r\n\r\n",
        "POST /v1/events HTTP/1.1\r\nContent-Length: 8\r\n\r\n{\"id\":1}",
        "POST /v1/events HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD "Transfer-Encoding: chunked\r\n\r\n-1\r\n{\"id\":1}\r\n0\r\n\r\n",
        HEAD "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"id\":1}XX0\r\n\r\n",
        HEAD "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{\"id\":1}\r\n"));
#undef HEAD

TEST_F(ServeTest, ATrailerChangesNothing) {
  Start();
  Client client = Connect();
  client.Send(Request("POST", "/v1/events", "Transfer-Encoding: chunked\r\n"));
  EXPECT_EQ(client.Ask("8\r\n{\"id\":1}\r\n0\r\nContent-Encoding: gzip\r\n\r\n").status, 200);
}

}  // namespace
}  // namespace semel::ingest
