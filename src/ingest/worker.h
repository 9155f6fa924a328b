// One thread of the server, with the connections that it was given.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "ingest/counters.h"
#include "ingest/event_request.h"
#include "ingest/service.h"
#include "ingest/transport.h"

namespace semel::ingest {

class Connection;

enum class Welcome : std::uint8_t {
  kServed,
  kTurnedAway,  ///< is told so, and what it sends is dropped
};

class Worker {
 public:
  using SteadyClock = std::chrono::steady_clock;

  Worker(Service& service, std::vector<EventReader> readers);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  void Run();   ///< starts the thread
  void Stop();  ///< and ends it; connections are gone

  // Threads: any.

  boost::asio::io_context& io() { return io_; }
  Counters& counters() { return counters_; }
  void Serve(boost::asio::ip::tcp::socket socket, const LiveTls::Context& tls);
  /// Says that there are too many connections.
  void TurnAway(boost::asio::ip::tcp::socket socket);
  /// Closes connections that wait for a request.
  void CloseIdle();
  /// `connection`, which stays until then, is to Advance on the worker's thread.
  void Ready(Connection& connection);

  // The worker's thread only.

  Service& service() { return service_; }
  Desk& desk() { return desk_; }
  std::string_view date();
  void Add(Connection& connection) { connections_.insert(&connection); }
  void Remove(Connection& connection) { connections_.erase(&connection); }

 private:
  void Begin(std::unique_ptr<Transport> transport, Welcome welcome);
  void Sweep();
  void AdvanceReady();

  Service& service_;
  Counters counters_;
  Desk desk_;
  std::string date_;
  std::time_t date_time_ = 0;
  std::unordered_set<Connection*> connections_;
  std::mutex mutex_;
  std::vector<Connection*> ready_;      // guarded by mutex_
  std::vector<Connection*> advancing_;  // of AdvanceReady
  boost::asio::io_context io_{1};       // after what connections refer to: it ends them
  boost::asio::steady_timer sweep_{io_};
  std::thread thread_;
};

}  // namespace semel::ingest
