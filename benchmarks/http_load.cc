// Clients that post events which nobody has sent before.
//
// Usage: http_load PORT view|batch CONNECTIONS REQUESTS RATE
//   view: an event of 4 KB with 130 fields a request; batch: 500 events of 0.2 KB
//   RATE 0: a connection sends its next request when it has the answer. Else: so many requests a
//   second, whatever the answers take, each timed from the moment at which it was due.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <utility>  // Asio needs it and does not include it
#include <vector>

namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kDigits = 16;
constexpr int kBatch = 500;

/// A request with places for numbers.
struct Body {
  std::string text;
  std::vector<std::size_t> numbers;

  void AddNumber() {
    numbers.push_back(text.size());
    text.append(kDigits, '0');
  }
};

Body ViewEvent() {
  Body body;
  body.text = R"({"userId":7654321,"content_id":123456,"event_name":"watch_progress",)"
              R"("event_datetime":"2026-11-24T10:00:00Z","sid":")";
  body.AddNumber();
  body.text += '"';
  for (int i = 0; i < 125; ++i) {
    const std::string name = "field_" + std::to_string(i);
    body.text += ",\"" + name + "\":" +
                 (i % 3 == 0   ? std::to_string(i * 7919)
                  : i % 3 == 1 ? "\"a value of " + name + " for tests\""
                               : "true");
  }
  body.text += ",\"agent\":\"" + std::string(4096 - body.text.size() - 12, 'a') + "\"}";
  return body;
}

Body Batch() {
  Body body;
  body.text = "[";
  for (int i = 0; i < kBatch; ++i) {
    body.text += i == 0 ? R"({"event_id":")" : R"(,{"event_id":")";
    body.AddNumber();
    body.text += R"(","what":"play","user":7654321,"content":123456,"position":1834,)"
                 R"("device":"smart tv","country":"NL","at":"2026-11-24T10:00:00.000Z",)"
                 R"("session":"1b9d6bcd-bbfd-4b2d"})";
  }
  body.text += "]";
  return body;
}

struct Plan {
  unsigned short port;
  std::string path;
  Body body;
  std::size_t connections;
  std::size_t requests;
  double rate;
};

class Load;

class Connection {
 public:
  Connection(Load& load, net::io_context& io, const Plan& plan);
  void Send(Clock::time_point due);

 private:
  void Read();

  Load& load_;
  net::ip::tcp::socket socket_;
  std::string request_;
  std::size_t body_at_;
  const std::vector<std::size_t>& numbers_;
  Clock::time_point due_;
  boost::beast::flat_buffer buffer_;
  http::response<http::string_body> answer_;
};

class Load {
 public:
  explicit Load(const Plan& plan) : plan_(plan), next_number_(std::random_device{}() % 1'000'000) {
    next_number_ *= 1'000'000'000;
    for (std::size_t i = 0; i < plan.connections; ++i)
      connections_.push_back(std::make_unique<Connection>(*this, io_, plan_));
  }

  void Run() {
    start_ = Clock::now();
    for (const auto& connection : connections_) Free(*connection);
    if (plan_.rate > 0) Tick();
    io_.run();
    Report();
  }

  std::uint64_t NextNumber() { return next_number_++; }

  void Answered(Connection& connection, unsigned status, Clock::time_point due) {
    ok_ += status == 200 ? 1 : 0;
    times_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - due).count());
    if (times_.size() == plan_.requests) return io_.stop();
    Free(connection);
  }

 private:
  void Free(Connection& connection) {
    if (plan_.rate > 0) {
      if (late_.empty()) return idle_.push_back(&connection);
      connection.Send(late_.front());
      return late_.pop_front();
    }
    if (begun_ == plan_.requests) return;
    ++begun_;
    connection.Send(Clock::now());
  }

  /// Begins what is due.
  void Tick() {
    const auto now = Clock::now();
    for (; begun_ < plan_.requests && Due(begun_) <= now; ++begun_) {
      if (idle_.empty()) {
        late_.push_back(Due(begun_));
      } else {
        Connection* const connection = idle_.back();
        idle_.pop_back();
        connection->Send(Due(begun_));
      }
    }
    if (begun_ == plan_.requests) return;
    timer_.expires_at(Due(begun_));
    timer_.async_wait([this](error_code) { Tick(); });
  }

  Clock::time_point Due(std::size_t request) const {
    return start_ + std::chrono::nanoseconds(
                        static_cast<std::int64_t>(static_cast<double>(request) / plan_.rate * 1e9));
  }

  void Report() {
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    std::ranges::sort(times_);
    const auto at = [&](double share) {
      return times_[static_cast<std::size_t>(share * static_cast<double>(times_.size() - 1))];
    };
    std::printf(
        "{\"requests\":%zu,\"ok\":%zu,\"seconds\":%.3f,\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f}\n",
        times_.size(), ok_, seconds, at(0.5), at(0.99), at(0.999));
  }

  const Plan& plan_;
  net::io_context io_{1};
  net::steady_timer timer_{io_};
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;
  std::deque<Clock::time_point> late_;  // due, and no connection was free
  std::vector<double> times_;
  std::size_t begun_ = 0;
  std::size_t ok_ = 0;
  std::uint64_t next_number_;
  Clock::time_point start_;
};

[[noreturn]] void End(const std::string& why) {
  std::fprintf(stderr, "http_load: %s\n", why.c_str());
  std::exit(1);
}

Connection::Connection(Load& load, net::io_context& io, const Plan& plan)
    : load_(load), socket_(io), numbers_(plan.body.numbers) {
  request_ = "POST " + plan.path +
             " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
             "Content-Length: " +
             std::to_string(plan.body.text.size()) + "\r\n\r\n";
  body_at_ = request_.size();
  request_ += plan.body.text;
  error_code error;
  socket_.connect({net::ip::make_address("127.0.0.1"), plan.port}, error);
  if (error) End("connect: " + error.message());
  socket_.set_option(net::ip::tcp::no_delay(true), error);
}

void Connection::Send(Clock::time_point due) {
  due_ = due;
  for (const std::size_t at : numbers_) {
    std::string digits = std::to_string(load_.NextNumber());
    digits.insert(0, kDigits - digits.size(), '0');
    request_.replace(body_at_ + at, kDigits, digits);
  }
  net::async_write(socket_, net::buffer(request_), [this](error_code error, std::size_t) {
    if (error) End("write: " + error.message());
    Read();
  });
}

void Connection::Read() {
  answer_ = {};
  http::async_read(socket_, buffer_, answer_, [this](error_code error, std::size_t) {
    if (error) End("read: " + error.message());
    load_.Answered(*this, answer_.result_int(), due_);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) End("PORT view|batch CONNECTIONS REQUESTS RATE");
  const bool view = std::string(argv[2]) == "view";
  const Plan plan{.port = static_cast<unsigned short>(std::atoi(argv[1])),
                  .path = view ? "/api-fast/view-event" : "/v1/events",
                  .body = view ? ViewEvent() : Batch(),
                  .connections = std::strtoull(argv[3], nullptr, 10),
                  .requests = std::strtoull(argv[4], nullptr, 10),
                  .rate = std::atof(argv[5])};
  Load(plan).Run();
}
