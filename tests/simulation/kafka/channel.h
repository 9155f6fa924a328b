// A client's connection to brokers, one at a time, as librdkafka keeps it: requests in their order,
// answers in their order, a new connection when the old one broke. What the network does to a
// request is asked of the FaultPlan.
//
// A request that a client has given up may lie somewhere on its way and be carried out later, after
// others that were sent over a newer connection: that is what a transaction must survive
// (KAFKA-17754).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "fault_plan.h"
#include "producer_states.h"
#include "scheduler.h"

namespace semel::simulation {

using BrokerId = int;
inline constexpr BrokerId kNoBroker = -1;

struct Wire;

/// The state of brokers that a network needs to know of.
class Brokers {
 public:
  virtual ~Brokers() = default;
  virtual bool Up(BrokerId broker) const = 0;
  /// Runs now, or when the broker is no longer paused; not if it dies before.
  virtual void WhenRunning(BrokerId broker, std::function<void()> serve) = 0;
  /// To be severed when the broker dies.
  virtual void Opened(const std::shared_ptr<Wire>& wire) = 0;
};

struct NetworkParts {
  Scheduler& scheduler;
  FaultPlan& faults;
  Brokers& brokers;
};

/// To be called with what runs at the client when the answer is there.
using SendAnswer = std::function<void(std::function<void()>)>;

struct Request {
  const char* api;
  /// At the broker. May be called twice, or not at all.
  std::function<void(BrokerId, SendAnswer)> serve;
  /// At the client, in place of the answer: _TRANSPORT or _TIMED_OUT.
  std::function<void(ErrorCode)> failed;
  Duration timeout;
};

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  /// `name`: of the client, for the sites of faults. Lives until the last reference of its client
  /// goes; nothing of it is called after that.
  Channel(NetworkParts parts, Process& process, std::string name);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel();

  /// Connects to another broker; what is under way fails.
  void SetBroker(BrokerId broker);
  BrokerId broker() const { return broker_; }

  void Send(Request request);

  /// The network or the broker's death ends a connection: nothing more arrives at either end.
  static void Sever(const std::shared_ptr<Wire>& wire);

  /// Called when a request has gone out, and when it was answered.
  std::function<void(const char* api)> when_sent;
  std::function<void(const char* api)> when_answered;

 private:
  struct Pending {
    Request request;
    Time deadline;
    std::shared_ptr<Wire> wire{};  ///< that it was sent over
  };
  void Connect();
  void Connected();
  void Transmit(std::uint64_t id, Pending& pending);
  void Answered(const std::shared_ptr<Wire>& wire, std::uint64_t id,
                const std::function<void()>& deliver);
  void Break(const std::shared_ptr<Wire>& wire);
  void FailUnanswered();
  void WatchDeadlines();
  void CheckDeadlines();

  NetworkParts parts_;
  Process& process_;
  const std::string name_;
  std::map<const char*, std::string> sites_;
  prove::Random random_;
  BrokerId broker_ = kNoBroker;
  std::shared_ptr<Wire> wire_;
  Duration backoff_{};
  Time not_before_{};  ///< the next attempt to connect
  std::map<std::uint64_t, Pending> pending_;
  std::uint64_t next_ = 0;
  bool connecting_ = false;
  Time watched_until_ = Time::max();
};

/// One TCP connection. The broker works its requests off one after the other.
struct Wire {
  BrokerId broker = kNoBroker;
  bool open = true;      // the client has it
  bool severed = false;  // what is on its way is lost; else it arrives though the client closed
  bool busy = false;
  Time last_up{};
  Time last_down{};
  std::deque<std::function<void()>> waiting{};
  std::weak_ptr<Channel> channel{};
};

}  // namespace semel::simulation
