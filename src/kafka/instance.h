// One librdkafka client: its logs and errors reach us, and it ends within a bound.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "kafka/client.h"
#include "kafka/deadline.h"
#include "kafka/error_map.h"
#include "kafka/rdkafka_handles.h"
#include "kafka/settings.h"

namespace semel::kafka {

/// What librdkafka calls back from within a poll, on the polling thread. Must not throw.
class Callbacks {
 public:
  Callbacks() = default;
  Callbacks(const Callbacks&) = delete;
  Callbacks& operator=(const Callbacks&) = delete;
  virtual ~Callbacks() = default;
  virtual void OnRebalance(rd_kafka_resp_err_t /*event*/,
                           const rd_kafka_topic_partition_list_t& /*partitions*/) {}
  virtual void OnDelivery(const rd_kafka_message_t& /*message*/) {}
};

/// Threads: one at a time; librdkafka's own threads only reach the logger.
class Instance {
 public:
  struct Parts {
    std::string name;  ///< in logs and errors: "consumer orders-a-0"
    std::string principal;
    Callbacks* callbacks = nullptr;  ///< outlives the instance; may be null
    std::shared_ptr<void> keep{};    ///< what librdkafka's threads use, as interceptors do
    std::optional<LiveCredentials> credentials{};  ///< where it hears of newer ones
  };
  static Result<std::unique_ptr<Instance>> Open(rd_kafka_type_t type, ConfPtr conf, Parts parts,
                                                Logger& logger);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  /// Takes at most about 3 s; what is stuck longer goes on ending by itself, without our logger.
  ~Instance();

  /// The destructor does not end the client: for what librdkafka cannot end. It goes on, without
  /// our logger, until the process ends.
  void LeaveRunning() { ends_ = false; }

  rd_kafka_t* get() const { return rk_; }
  Logger& logger() const { return logger_; }

  /// From the next connection on. Threads: any.
  void SetCredentials(const Credentials& credentials) const;

  /// An error with everything that is known: `what` was tried, as whom, and why the brokers could
  /// not be reached if that is the case. `operation`: the ACL operation that it needs of a topic.
  Error Describe(rd_kafka_resp_err_t code, const std::string& what, std::string_view detail = {},
                 std::string_view operation = {}) const;
  Error Describe(const rd_kafka_error_t& error, const std::string& what) const;

  /// What a call of librdkafka returned; `error` is taken.
  Result<void> Check(rd_kafka_resp_err_t code, const std::string& what) const;
  Result<void> Check(rd_kafka_error_t* error, const std::string& what) const;

  /// Set once the brokers refused us (authentication) or librdkafka declared itself dead.
  const std::optional<Error>& broken() const;

  /// The last partition that a transaction was not allowed to take, in librdkafka's words; its
  /// errors do not say which one it was.
  std::string refused_partition() const;

  /// True when the last that was heard is a failed TLS handshake. librdkafka goes on trying; so may
  /// we where another broker, or the same one later, can have a better certificate.
  bool handshake_failed() const;

 private:
  struct Context;
  Instance(rd_kafka_t* rk, std::shared_ptr<Context> context, Logger& logger)
      : rk_(rk), context_(std::move(context)), logger_(logger) {}
  void End();
  static void Install(rd_kafka_conf_t* conf, Context* context, bool rebalances, bool deliveries);

  rd_kafka_t* rk_;
  std::shared_ptr<Context> context_;
  Logger& logger_;
  LiveCredentials::Subscription credentials_;
  bool ends_ = true;
};

/// `topic` and `partition` as messages name them: "orders [3]".
std::string Name(const std::string& topic, Partition partition);

}  // namespace semel::kafka
