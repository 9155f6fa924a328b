#include "ingest/worker.h"

#include <array>
#include <boost/asio/post.hpp>
#include <ctime>
#include <utility>

#include "ingest/connection.h"

namespace semel::ingest {
namespace {

namespace net = boost::asio;

constexpr std::chrono::milliseconds kSweep{200};

}  // namespace

Worker::Worker(Service& service, std::vector<EventReader> readers)
    : service_(service), desk_{std::move(readers), Decompressor(service.limits), counters_, {}} {}

Worker::~Worker() {
  Stop();
  const std::vector<Connection*> all(connections_.begin(), connections_.end());
  for (Connection* connection : all) connection->LetGo();
}

void Worker::Run() {
  Sweep();
  thread_ = std::thread([this] { io_.run(); });
}

void Worker::Stop() {
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

void Worker::Serve(net::ip::tcp::socket socket, const LiveTls::Context& tls) {
  counters_.connections.fetch_add(1, std::memory_order_relaxed);
  Begin(MakeTransport(std::move(socket), tls), Welcome::kServed);
}

void Worker::TurnAway(net::ip::tcp::socket socket) {
  counters_.turning_away.fetch_add(1, std::memory_order_relaxed);
  Begin(MakeTransport(std::move(socket), nullptr), Welcome::kTurnedAway);
}

void Worker::Begin(std::unique_ptr<Transport> transport, Welcome welcome) {
  net::post(io_, [this, welcome, transport = std::move(transport)]() mutable {
    std::make_shared<Connection>(*this, std::move(transport), welcome)->Begin();
  });
}

void Worker::CloseIdle() {
  net::post(io_, [this] {
    const std::vector<Connection*> all(connections_.begin(), connections_.end());
    for (Connection* connection : all) connection->CloseIfIdle();
  });
}

// One timer for all: a timer for each step of each connection would cost more than the step.
void Worker::Sweep() {
  sweep_.expires_after(kSweep);
  sweep_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    const auto now = SteadyClock::now();
    const std::vector<Connection*> all(connections_.begin(), connections_.end());
    for (Connection* connection : all) connection->CheckDeadline(now);
    Sweep();
  });
}

void Worker::Ready(Connection& connection) {
  const std::lock_guard lock(mutex_);
  ready_.push_back(&connection);
  if (ready_.size() == 1) net::post(io_, [this] { AdvanceReady(); });
}

void Worker::AdvanceReady() {
  {
    const std::lock_guard lock(mutex_);
    advancing_.swap(ready_);
  }
  for (Connection* connection : advancing_) connection->Advance();
  advancing_.clear();
}

std::string_view Worker::date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_time_) {
    date_time_ = now;
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::array<char, 64> text{};
    date_.assign(text.data(),
                 std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
  }
  return date_;
}

}  // namespace semel::ingest
