// Real requests over loopback.
#include "metrics/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "metrics/endpoints.h"

namespace semel::metrics {
namespace {

namespace net = boost::asio;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class Connection {
 public:
  explicit Connection(std::uint16_t port) {
    socket_.connect({net::ip::make_address("127.0.0.1"), port});
  }
  void Send(const std::string& text) { net::write(socket_, net::buffer(text), error_); }
  /// Everything until the server closes.
  std::string ReadAll() {
    std::string text;
    net::read(socket_, net::dynamic_buffer(text), error_);
    return text;
  }

 private:
  net::io_context io_;
  net::ip::tcp::socket socket_{io_};
  boost::system::error_code error_;
};

std::string Ask(const HttpServer& server, const std::string& request) {
  Connection connection(server.port());
  connection.Send(request + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return connection.ReadAll();
}

/// A log in which nothing went wrong.
struct NoProblems {
  SilentLogger lines;
  SystemClock clock;
  RecentLog log{lines, clock};
};

std::unique_ptr<HttpServer> Serve(HttpRoutes routes) {
  auto server = HttpServer::Start("127.0.0.1:0", std::move(routes));
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

TEST(HttpServer, AnswersTheWorkersPaths) {
  Snapshot snapshot{.topic = "orders", .lanes = {{.joined = true}}};
  snapshot.lanes[0].partitions = {{.partition = 4, .phase = Phase::kRestoring}};
  const NoProblems none;
  const auto server =
      Serve(Endpoints({DedupView([&] { return snapshot; }, "1.2.3")}, none.log, "1.2.3"));

  EXPECT_THAT(Ask(*server, "GET /livez"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(Ask(*server, "GET /metrics?debug=1"),
              HasSubstr(R"(semel_restoring{topic="orders",partition="4"} 1)"));
  const std::string waiting = Ask(*server, "GET /readyz");
  EXPECT_THAT(waiting, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(waiting, HasSubstr(R"("restoring":[{"partition":4,)"));
}

TEST(HttpServer, IsReadyOnceRestored) {
  const NoProblems none;
  const auto server =
      Serve(Endpoints({DedupView([] { return Snapshot{.lanes = {{.joined = true}}}; }, "1.2.3")},
                      none.log, "1.2.3"));
  EXPECT_THAT(Ask(*server, "GET /readyz"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(HttpServer, ServesThePageAndItsFigures) {
  NoProblems none;
  const auto server = Serve(Endpoints(
      {DedupView([] { return Snapshot{.topic = "orders"}; }, "1.2.3")}, none.log, "1.2.3"));
  none.log.Warning("went wrong");

  const std::string page = Ask(*server, "GET /");
  EXPECT_THAT(page, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(page, HasSubstr("Content-Type: text/html; charset=utf-8\r\n"));
  EXPECT_THAT(page, EndsWith("</html>\n"));
  const std::string figures = Ask(*server, "GET /status.json");
  EXPECT_THAT(figures, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(figures, HasSubstr(R"({"version":"1.2.3","now_ms":)"));
  EXPECT_THAT(figures, HasSubstr(R"("from":"orders")"));
  EXPECT_THAT(figures, HasSubstr(R"("message":"went wrong")"));
}

std::string HeaderOf(const std::string& answer, const std::string& name) {
  const auto begin = answer.find("\r\n" + name + ": ") + name.size() + 4;
  return answer.substr(begin, answer.find("\r\n", begin) - begin);
}

TEST(HttpServer, LetsABrowserRunThePagesOwnScriptOnly) {
  const NoProblems none;
  const auto server =
      Serve(Endpoints({DedupView([] { return Snapshot{}; }, "1.2.3")}, none.log, "1.2.3"));
  const std::string hash = "'sha256-[A-Za-z0-9+/]{43}='";
  const std::string page = Ask(*server, "GET /");
  EXPECT_THAT(HeaderOf(page, "Content-Security-Policy"),
              MatchesRegex("default-src 'none'; script-src " + hash + "; style-src " + hash +
                           "; connect-src 'self'; img-src data:; base-uri 'none'; "
                           "form-action 'none'; frame-ancestors 'none'"));
  for (const std::string path : {"/status.json", "/metrics", "/livez", "/readyz", "/nothing"})
    EXPECT_EQ(HeaderOf(Ask(*server, "GET " + path), "Content-Security-Policy"),
              "default-src 'none'; frame-ancestors 'none'");
  for (const std::string path : {"/", "/status.json", "/metrics", "/nothing"}) {
    const std::string answer = Ask(*server, "GET " + path);
    EXPECT_EQ(HeaderOf(answer, "Cache-Control"), "no-store");
    EXPECT_EQ(HeaderOf(answer, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(HeaderOf(answer, "Referrer-Policy"), "no-referrer");
    EXPECT_THAT(answer, Not(HasSubstr("Set-Cookie")));
    EXPECT_THAT(answer, Not(HasSubstr("Access-Control")));
  }
}

TEST(HttpServer, HeadHasTheLengthButNoBody) {
  const auto server = Serve({{"/x", [] { return HttpAnswer{.body = "12345"}; }}});
  const std::string answer = Ask(*server, "HEAD /x");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST(HttpServer, RefusesWhatItDoesNotKnow) {
  const auto server =
      Serve({{"/throws", []() -> HttpAnswer { throw std::runtime_error("secret"); }}});
  EXPECT_THAT(Ask(*server, "GET /"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Ask(*server, "POST /throws"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(Ask(*server, "GET /throws"), StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(Ask(*server, "GET /throws HTTP/9.9\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Ask(*server, "GET /" + std::string(9000, 'a')), StartsWith("HTTP/1.1 431 "));
}

TEST(HttpServer, BoundsTheTimeOfAConnection) {
  const auto server = Serve({});
  Connection slow(server->port());
  slow.Send("GET / HTTP/1.1\r\n");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(slow.ReadAll(), "");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
}

TEST(HttpServer, ClosesConnectionsAboveTheLimitAndServesAgainAfterwards) {
  const auto server = Serve({{"/x", [] { return HttpAnswer{.body = "x"}; }}});
  {
    std::vector<std::unique_ptr<Connection>> idle(64);
    for (auto& connection : idle) connection = std::make_unique<Connection>(server->port());
    EXPECT_EQ(Ask(*server, "GET /x"), "");
  }
  std::string answer;
  for (int attempt = 0; attempt < 100 && answer.empty(); ++attempt) answer = Ask(*server, "GET /x");
  EXPECT_THAT(answer, EndsWith("x"));
}

TEST(HttpServer, StopsAtOnceWithOpenConnections) {
  auto server = Serve({});
  Connection idle(server->port());
  const auto begin = std::chrono::steady_clock::now();
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  EXPECT_EQ(idle.ReadAll(), "");
}

TEST(HttpServer, TakesEveryFormOfAddress) {
  for (const char* address : {":0", "localhost:0", "[::1]:0"}) {
    const auto server = HttpServer::Start(address, {});
    ASSERT_TRUE(server) << server.error().message;
    EXPECT_NE((*server)->port(), 0) << address;
  }
}

TEST(HttpServer, SaysWhyItCannotListen) {
  const auto first = Serve({});
  const std::string taken = "127.0.0.1:" + std::to_string(first->port());
  for (const std::string& address :
       {taken, std::string("9090"), std::string("localhost:http"), std::string("localhost:"),
        std::string("localhost:70000"), std::string("256.1.1.1:0")}) {
    const auto server = HttpServer::Start(address, {});
    ASSERT_FALSE(server) << address;
    EXPECT_EQ(server.error().action, Action::kFix);
    EXPECT_THAT(server.error().message, HasSubstr(address));
  }
}

}  // namespace
}  // namespace semel::metrics
