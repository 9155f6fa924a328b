// What the simulated client's classes share: who they are, timers that end with them, connections.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "cluster.h"
#include "kafka/error_map.h"

namespace semel::simulation {

/// As the product configures librdkafka; see src/kafka/client_conf.cc.
struct ClientOptions {
  std::string name;  ///< in the sites of faults: "w1-0"
  std::string group;
  std::string input_topic;
  std::string instance;  ///< group.instance.id; empty: a dynamic member
  std::string transactional_id;
  std::vector<std::string> producer_topics;
  std::size_t batch_bytes = 1'000'000;
  bool cooperative = false;
  std::chrono::milliseconds transaction_timeout{5000};
  std::chrono::milliseconds session_timeout{10'000};
  std::chrono::milliseconds heartbeat_interval{500};
  std::chrono::milliseconds max_poll_interval{300'000};
  std::chrono::milliseconds socket_timeout{10'000};
};

struct ClientParts {
  Cluster& cluster;
  Process& process;
  const ClientOptions& options;  ///< outlives what is opened
  Logger& log;

  Scheduler& scheduler() const { return cluster.scheduler(); }
  Time Now() const { return cluster.scheduler().Now(); }
};

/// Timers that do nothing once their owner is gone.
class Timers {
 public:
  explicit Timers(const ClientParts& parts) : parts_(parts) {}
  void After(Duration wait, std::function<void()> call) {
    parts_.scheduler().At(parts_.Now() + wait, parts_.process,
                          [owner = std::weak_ptr<int>(owner_), call = std::move(call)] {
                            if (!owner.expired()) call();
                          });
  }

 private:
  ClientParts parts_;
  std::shared_ptr<int> owner_ = std::make_shared<int>(0);
};

/// A connection to each broker.
class Channels {
 public:
  Channels(const ClientParts& parts, std::string name) : parts_(parts), name_(std::move(name)) {}
  Channel& To(BrokerId broker) {
    auto& channel = channels_[broker];
    if (!channel) {
      channel = std::make_shared<Channel>(parts_.cluster.network(), parts_.process, name_);
      channel->SetBroker(broker);
    }
    return *channel;
  }

 private:
  ClientParts parts_;
  std::string name_;
  std::map<BrokerId, std::shared_ptr<Channel>> channels_;
};

/// Sends a request; `done` gets its answer, or one with the error of the connection.
template <typename Answer>
void Ask(Channel& channel, const char* api, Duration timeout,
         std::function<void(BrokerId, std::function<void(Answer)>)> serve,
         std::function<void(Answer)> done) {
  channel.Send(
      {.api = api,
       .serve =
           [serve = std::move(serve), done](BrokerId at, const SendAnswer& send) {
             serve(at, [send, done](Answer answer) {
               send([done, answer = std::move(answer)]() mutable { done(std::move(answer)); });
             });
           },
       .failed =
           [done](ErrorCode error) {
             Answer answer;
             answer.error = error;
             done(std::move(answer));
           },
       .timeout = timeout});
}

/// The same for a blocking call: empty when the deadline came first. For tasks only.
template <typename Answer>
std::optional<Answer> AskAndWait(const ClientParts& parts, Channel& channel, const char* api,
                                 Time deadline,
                                 std::function<void(BrokerId, std::function<void(Answer)>)> serve) {
  struct Waiting {
    explicit Waiting(Scheduler& scheduler) : arrived(scheduler) {}
    Signal arrived;
    std::optional<Answer> answer;
  };
  const auto waiting = std::make_shared<Waiting>(parts.scheduler());
  const Duration left = std::max<Duration>(deadline - parts.Now(), Duration::zero());
  Ask<Answer>(channel, api, std::min<Duration>(left, parts.options.socket_timeout),
              std::move(serve), [waiting](Answer answer) {
                waiting->answer = std::move(answer);
                waiting->arrived.Notify();
              });
  while (!waiting->answer) {
    if (!parts.scheduler().WaitUntil(waiting->arrived, deadline, api)) break;
  }
  return std::move(waiting->answer);
}

/// Passing faults: the same request again, maybe to another broker.
inline bool Passes(ErrorCode error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return true;
    default:
      return false;
  }
}

}  // namespace semel::simulation
