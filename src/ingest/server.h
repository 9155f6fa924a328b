// The HTTP server: a listener, and threads that share its connections.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ingest/counters.h"
#include "ingest/service.h"
#include "ingest/transport.h"

namespace semel::ingest {

class Worker;

class Server {
 public:
  struct Options {
    std::string listen;  ///< HOST:PORT, [IPV6]:PORT or :PORT; port 0 takes a free one
    int threads = 2;
    LiveTls tls{};
  };

  /// `service` outlives it, and so does what it names; its sink is closed before this ends.
  /// Errors: kFix: the address, or an endpoint's key.
  static Result<std::unique_ptr<Server>> Start(const Options& options, Service& service);
  ~Server();

  std::uint16_t port() const { return port_; }
  std::vector<const Counters*> counters() const;
  /// Connections that were turned away, for there were as many as may be.
  std::uint64_t turned_away() const { return turned_away_; }

  /// No further connections; those that wait for a request are closed, others after their answer.
  void StopAccepting();
  /// Until no request is being served. False: not within `timeout`.
  bool AwaitIdle(std::chrono::milliseconds timeout) const;

 private:
  Server(const Options& options, Service& service);
  Result<void> Open();
  void Accept();
  void AcceptLater();
  void TurnAway(Worker& worker, boost::asio::ip::tcp::socket socket);
  std::size_t open_connections() const;

  const Options options_;
  Service& service_;
  std::uint16_t port_ = 0;
  std::atomic<std::uint64_t> turned_away_ = 0;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::size_t next_ = 0;
  boost::asio::io_context io_{1};
  boost::asio::ip::tcp::acceptor acceptor_{io_};
  boost::asio::steady_timer pause_{io_};
  std::thread thread_;  ///< accepts
};

}  // namespace semel::ingest
