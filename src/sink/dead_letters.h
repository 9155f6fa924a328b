// Where records go of which no row can be made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "kafka/settings.h"
#include "semel/producer.h"
#include "semel/record.h"

namespace semel::sink {

/// Takes records with the reason why they are no rows. An interface, so that tests need no broker.
class DeadLetters {
 public:
  DeadLetters() = default;
  DeadLetters(const DeadLetters&) = delete;
  DeadLetters& operator=(const DeadLetters&) = delete;
  virtual ~DeadLetters() = default;

  /// Copies what it needs. Errors: kStop: the topic refuses the record, which is named; kRetry;
  /// kFail.
  virtual Result<void> Send(const Record& record, const std::string& reason) = 0;
  /// Returns when all in-sync replicas have acknowledged everything that was sent.
  virtual Result<void> Flush() = 0;
};

/// Key, value, headers and timestamp stay; the headers semel-reason, semel-topic, semel-partition
/// and semel-offset are added. A value that is too large for the topic is cut, and the header
/// semel-truncated has its size. The partition is the record's, modulo the topic's count.
class DeadLetterTopic final : public DeadLetters {
 public:
  struct Options {
    kafka::ClientSettings kafka;
    std::string from;   ///< the input topic
    std::string topic;  ///< where to
    int partitions = 1;
    std::size_t max_bytes = 0;  ///< max.message.bytes of the topic
  };
  static Result<std::unique_ptr<DeadLetterTopic>> Open(Options options, Logger& logger);

  Result<void> Send(const Record& record, const std::string& reason) override;
  Result<void> Flush() override;

 private:
  explicit DeadLetterTopic(Options options) : options_(std::move(options)) {}
  void OnDelivery(const Delivery& delivery);
  Error Refused(const Error& why, const std::string& place) const;

  struct Failed {
    Error why;
    std::uint64_t place;  ///< in sent_
  };

  Options options_;
  std::vector<std::string> sent_;  // their places, since the last Flush
  std::uint64_t flushed_ = 0;      // how many were before them: tags count on from it
  std::optional<Failed> failed_;   // the first one since then that was not delivered
  std::optional<Producer> producer_;
  kafka::LiveCredentials::Subscription credentials_;
  std::vector<Header> headers_;
};

}  // namespace semel::sink
