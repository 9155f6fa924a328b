// Methods, keys, browsers, and the end of a server.
#include <gmock/gmock.h>

#include "serve_fixture.h"

namespace semel::ingest {
namespace {

// SHA-256 of "open sesame".
constexpr const char* kDigest = "41ef4bb0b23661e66301aac36066912dac037827b4ae63a7b1165a5aa93ed4eb";

TEST_F(ServeTest, StatusesOfWhatIsNotServed) {
  Start();
  EXPECT_EQ(Ask(Post("/elsewhere", "{}")).status, 404);
  const Reply reply = Ask(Request("GET", "/v1/events"));
  EXPECT_EQ(reply.status, 405);
  EXPECT_TRUE(reply.Has("Allow: POST, OPTIONS\r\n"));
  EXPECT_EQ(Ask(Request("POST", "/v1/events")).status, 411);
  EXPECT_EQ(Ask(Post("/v1/events", "{}", "Content-Type: text/plain\r\n")).status, 415);
  EXPECT_EQ(Ask(Post("/v1/events", "{}", "Content-Encoding: br\r\n")).status, 415);
  EXPECT_EQ(Ask("POST /v1/events HTTP/3.0\r\nHost: a\r\n\r\n").status, 505);
  EXPECT_EQ(Ask(Post("/v1/events", "{}", "Expect: a miracle\r\n")).status, 417);
}

TEST_F(ServeTest, HealthPagesAndTheDescription) {
  Start();
  EXPECT_EQ(Ask(Request("GET", "/livez")).status, 200);
  const Reply head = Ask(Request("HEAD", "/livez", "Connection: close\r\n"));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(Ask(Request("GET", "/readyz")).json()["ready"], true);
  EXPECT_EQ(Ask(Request("GET", "/openapi.json")).json()["openapi"], "3.1.0");
}

TEST_F(ServeTest, AClientMayWaitForItsTurnToSendTheBody) {
  Start();
  Client client = Connect();
  client.Send(Request("POST", "/v1/events", "Content-Length: 8\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(client.Read().status, 100);
  EXPECT_EQ(client.Ask(R"({"id":1})").status, 200);
}

TEST_F(ServeTest, OnlyWhoHasAKeyMaySend) {
  keys = *ApiKeys::Parse(std::string("web ") + kDigest + " events", "keys", 0);
  Start();
  const std::string event = R"({"id":1})";
  const Reply none = Ask(Post("/v1/events", event));
  EXPECT_EQ(none.status, 401);
  EXPECT_TRUE(none.Has("WWW-Authenticate: Bearer"));
  EXPECT_EQ(Ask(Post("/v1/events", event, "Authorization: Bearer open\r\n")).status, 401);
  EXPECT_EQ(Ask(Post("/v1/events", event, "Authorization: Bearer open sesame\r\n")).status, 200);
  EXPECT_EQ(Ask(Post("/v1/events", event, "Authorization: Basic b3BlbiBzZXNhbWU6\r\n")).status,
            200);
  EXPECT_EQ(Ask(Post("/one", event, "Authorization: Bearer open sesame\r\n")).status, 403);
  EXPECT_EQ(Ask(Request("GET", "/livez")).status, 200);
}

TEST_F(ServeTest, AKeyHasItsRate) {
  keys = *ApiKeys::Parse(std::string("web ") + kDigest, "keys", 0.01);
  Start();
  const std::string request =
      Post("/v1/events", R"({"id":1})", "Authorization: Bearer open sesame\r\n");
  EXPECT_EQ(Ask(request).status, 200);
  const Reply reply = Ask(request);
  EXPECT_EQ(reply.status, 429);
  EXPECT_TRUE(reply.Has("Retry-After: "));
}

TEST_F(ServeTest, ABrowserIsToldWhoMaySend) {
  cors_origins = {"https://shop.example"};
  Start();
  const Reply allowed = Ask(Request("OPTIONS", "/v1/events", "Origin: https://shop.example\r\n"));
  EXPECT_EQ(allowed.status, 204);
  EXPECT_TRUE(allowed.Has("Access-Control-Allow-Origin: https://shop.example\r\n"));
  EXPECT_TRUE(allowed.Has("Access-Control-Allow-Methods: POST"));
  EXPECT_TRUE(allowed.Has("Vary: Origin\r\n"));
  const Reply other = Ask(Request("OPTIONS", "/v1/events", "Origin: https://evil.example\r\n"));
  EXPECT_FALSE(other.Has("Access-Control-Allow-Origin"));
  EXPECT_TRUE(Ask(Post("/v1/events", R"({"id":1})", "Origin: https://shop.example\r\n"))
                  .Has("Access-Control-Allow-Origin: https://shop.example\r\n"));
}

// Without a type, browsers send it to another origin without asking first.
TEST_F(ServeTest, APageThatMayNotSendSaysItsType) {
  cors_origins = {"https://shop.example"};
  Start();
  const std::string event = R"({"id":1})";
  EXPECT_EQ(Ask(Post("/v1/events", event, "Origin: https://evil.example\r\n")).status, 415);
  EXPECT_TRUE(sink.sent().empty());
  EXPECT_EQ(Ask(Post("/v1/events", event, "Origin: https://shop.example\r\n")).status, 200);
  EXPECT_EQ(Ask(Post("/v1/events", event)).status, 200);
}

TEST_F(ServeTest, AtTheEndWhatIsUnderWayIsFinished) {
  sink.SetMode(FakeSink::Mode::kHold);
  Start();
  Client idle = Connect();
  EXPECT_EQ(idle.Ask(Request("GET", "/livez")).status, 200);
  Client busy = Connect();
  busy.Send(Post("/v1/events", R"({"id":1})"));
  sink.AwaitSent(1);

  service->draining = true;
  EXPECT_EQ(Ask(Request("GET", "/readyz")).status, 503);
  server->StopAccepting();
  EXPECT_TRUE(idle.Ended());
  EXPECT_FALSE(server->AwaitIdle(std::chrono::milliseconds(20)));
  sink.Release(true);
  const Reply reply = busy.Read();
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.Has("Connection: close\r\n"));
  EXPECT_TRUE(server->AwaitIdle(std::chrono::seconds(20)));
}

/// Has so many requests under way, sooner or later.
bool Busy(const Server& server, std::size_t requests) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  const Counters& counters = *server.counters().front();
  while (counters.in_flight != requests && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return counters.in_flight == requests;
}

TEST_F(ServeTest, AtTheEndAHeadThatIsUnderWayIsWaitedFor) {
  Start();
  const std::string request = Post("/v1/events", R"({"id":1})");
  Client client = Connect();
  client.Send(request.substr(0, 20));
  ASSERT_TRUE(Busy(*server, 1));
  service->draining = true;
  server->StopAccepting();
  EXPECT_FALSE(server->AwaitIdle(std::chrono::milliseconds(1)));
  const Reply reply = client.Ask(request.substr(20));
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.Has("Connection: close\r\n"));
  EXPECT_TRUE(server->AwaitIdle(std::chrono::seconds(20)));
}

TEST_F(ServeTest, AtTheEndAHeadThatNeverComesIsWaitedForUntilItsDeadline) {
  limits.header_time = std::chrono::milliseconds(50);
  Start();
  Client late = Connect();
  late.Send("POST /v1/ev");
  Connect().Send("POST /v1/ev");  // and leaves
  service->draining = true;
  server->StopAccepting();
  EXPECT_TRUE(server->AwaitIdle(std::chrono::seconds(20)));
  EXPECT_TRUE(Busy(*server, 0));
}

}  // namespace
}  // namespace semel::ingest
