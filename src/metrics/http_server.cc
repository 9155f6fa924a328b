#include "metrics/http_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "metrics/listener.h"

namespace semel::metrics {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace net = boost::asio;
using net::ip::tcp;

constexpr std::chrono::seconds kConnectionDeadline{5};
constexpr std::uint32_t kHeaderBytesMax = 8 * 1024;
constexpr int kConnectionsMax = 64;
/// When the process is out of descriptors, accept fails at once, again and again.
constexpr std::chrono::milliseconds kAcceptPause{100};

HttpAnswer Answer(const HttpRoutes& routes, http::verb method, std::string_view target) {
  if (method != http::verb::get && method != http::verb::head)
    return {.status = 405, .body = "only GET and HEAD\n"};
  const auto route = routes.find(std::string(target.substr(0, target.find('?'))));
  if (route == routes.end()) return {.status = 404, .body = "not found\n"};
  try {
    return route->second();
  } catch (const std::exception&) {
    return {.status = 500, .body = "internal error\n"};  // the worker beside us goes on
  }
}

/// One connection. Lives as long as an operation of it is pending.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const HttpRoutes& routes, int& open)
      : stream_(std::move(socket)), routes_(routes), open_(open) {
    ++open_;
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { --open_; }

  void Run() {
    stream_.expires_after(kConnectionDeadline);  // once: reading and writing share it
    parser_.header_limit(kHeaderBytesMax);
    http::async_read_header(
        stream_, buffer_, parser_,
        [self = shared_from_this()](beast::error_code error, std::size_t) { self->OnRead(error); });
  }

 private:
  void OnRead(beast::error_code error) {
    const auto& request = parser_.get();
    if (!error) {
      const auto target = request.target();
      return Write(Answer(routes_, request.method(), {target.data(), target.size()}));
    }
    if (error == http::error::header_limit)
      return Write({.status = 431, .body = "header too large\n"});
    if (error.category() == http::make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream)
      Write({.status = 400, .body = "bad request\n"});
  }

  void Write(HttpAnswer answer) {
    response_.version(11);
    response_.keep_alive(false);
    response_.result(answer.status);
    response_.set(http::field::content_type, answer.content_type);
    response_.set(http::field::cache_control, "no-store");
    response_.set("Content-Security-Policy", answer.content_security_policy);
    response_.set("Referrer-Policy", "no-referrer");
    response_.set("X-Content-Type-Options", "nosniff");
    if (answer.status == 405) response_.set(http::field::allow, "GET, HEAD");
    response_.content_length(answer.body.size());
    if (parser_.get().method() != http::verb::head) response_.body() = std::move(answer.body);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](beast::error_code, std::size_t) {
                        beast::error_code ignored;
                        self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                      });
  }

  beast::tcp_stream stream_;
  const HttpRoutes& routes_;
  int& open_;
  beast::flat_buffer buffer_{kHeaderBytesMax};
  http::request_parser<http::empty_body> parser_;
  http::response<http::string_body> response_;
};

class BeastServer final : public HttpServer {
 public:
  explicit BeastServer(HttpRoutes routes) : routes_(std::move(routes)) {}
  BeastServer(const BeastServer&) = delete;
  BeastServer& operator=(const BeastServer&) = delete;
  ~BeastServer() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  std::uint16_t port() const override { return port_; }

  Result<void> Listen(const std::string& address) {
    SEMEL_TRY_ASSIGN(acceptor_, OpenListener(io_, address));
    port_ = acceptor_.local_endpoint().port();
    Accept();
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

 private:
  void Accept() {
    acceptor_.async_accept([this](beast::error_code error, tcp::socket socket) {
      if (error) return AcceptLater();
      if (open_ < kConnectionsMax)
        std::make_shared<Session>(std::move(socket), routes_, open_)->Run();
      Accept();
    });
  }

  void AcceptLater() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](beast::error_code) { Accept(); });
  }

  const HttpRoutes routes_;
  int open_ = 0;  // of the server's thread
  std::uint16_t port_ = 0;
  net::io_context io_{1};  // after what sessions refer to: its destructor ends them
  tcp::acceptor acceptor_{io_};
  net::steady_timer pause_{io_};
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& address,
                                                      HttpRoutes routes) {
  auto server = std::make_unique<BeastServer>(std::move(routes));
  SEMEL_TRY(server->Listen(address));
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace semel::metrics
