#include "ingest/server.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "ingest/event_reader.h"
#include "ingest/worker.h"
#include "metrics/listener.h"

namespace semel::ingest {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

/// When the process is out of descriptors, accept fails at once, again and again.
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::milliseconds kLook{5};
constexpr std::size_t kToldMax = 128;  // connections above the bound that are answered at a time

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(const Options& options, Service& service) {
  std::unique_ptr<Server> server(new Server(options, service));
  SEMEL_TRY(server->Open());
  return server;
}

Server::Server(const Options& options, Service& service) : options_(options), service_(service) {}

Result<void> Server::Open() {
  for (int i = 0; i < options_.threads; ++i) {
    std::vector<EventReader> readers;
    for (const Endpoint& endpoint : service_.endpoints) {
      SEMEL_TRY_ASSIGN(auto reader, EventReader::Open(endpoint));
      readers.push_back(std::move(reader));
    }
    workers_.push_back(std::make_unique<Worker>(service_, std::move(readers)));
  }
  SEMEL_TRY_ASSIGN(acceptor_, metrics::OpenListener(io_, options_.listen));
  port_ = acceptor_.local_endpoint().port();
  for (const auto& worker : workers_) worker->Run();
  Accept();
  thread_ = std::thread([this] { io_.run(); });
  return {};
}

Server::~Server() {
  io_.stop();
  if (thread_.joinable()) thread_.join();
  for (const auto& worker : workers_) worker->Stop();
  // Memories that answer later answer workers, which must still be there then.
  service_.memories.clear();
}

void Server::Accept() {
  Worker& worker = *workers_[next_];
  acceptor_.async_accept(worker.io(), [this, &worker](error_code error, tcp::socket socket) {
    if (error == net::error::operation_aborted || !acceptor_.is_open()) return;
    if (error) return AcceptLater();
    next_ = (next_ + 1) % workers_.size();
    if (open_connections() >= service_.limits.connections) {
      TurnAway(worker, std::move(socket));
    } else {
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      worker.Serve(std::move(socket), options_.tls.Get());
    }
    Accept();
  });
}

void Server::AcceptLater() {
  pause_.expires_after(kAcceptPause);
  pause_.async_wait([this](error_code error) {
    if (!error) Accept();
  });
}

/// A TLS client would have to shake hands first: that is what it is too much for.
void Server::TurnAway(Worker& worker, tcp::socket socket) {
  ++turned_away_;
  std::size_t being_told = 0;
  for (const auto& each : workers_) being_told += each->counters().turning_away;
  if (!options_.tls.Get() && being_told < kToldMax) return worker.TurnAway(std::move(socket));
  error_code ignored;
  socket.shutdown(tcp::socket::shutdown_both, ignored);
}

std::size_t Server::open_connections() const {
  std::size_t open = 0;
  for (const auto& worker : workers_) open += worker->counters().connections;
  return open;
}

std::vector<const Counters*> Server::counters() const {
  std::vector<const Counters*> all;
  for (const auto& worker : workers_) all.push_back(&worker->counters());
  return all;
}

void Server::StopAccepting() {
  net::post(io_, [this] {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  });
  for (const auto& worker : workers_) worker->CloseIdle();
}

bool Server::AwaitIdle(std::chrono::milliseconds timeout) const {
  const auto end = std::chrono::steady_clock::now() + timeout;
  const auto busy = [this] {
    for (const Counters* each : counters())
      if (each->in_flight != 0) return true;
    return false;
  };
  while (busy()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

}  // namespace semel::ingest
