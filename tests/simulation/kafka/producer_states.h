// What a partition knows of the producers that wrote to it: whose batch may be appended, which one
// it has already, and which transactions are open in it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "kafka/client.h"
#include "kafka/rdkafka_handles.h"

namespace semel::simulation {

/// As brokers say it, in librdkafka's words, so that the product's own table gives the action.
using ErrorCode = rd_kafka_resp_err_t;
inline constexpr ErrorCode kNoError = RD_KAFKA_RESP_ERR_NO_ERROR;

using ProducerId = std::int64_t;
using Epoch = std::int16_t;

struct ProducerIdAndEpoch {
  ProducerId id = -1;
  Epoch epoch = -1;
  bool operator==(const ProducerIdAndEpoch&) const = default;
};

class ProducerStates {
 public:
  struct Verdict {
    ErrorCode error = kNoError;
    std::optional<kafka::Offset> appended_before;  ///< the batch is here already
  };

  /// Whether a batch of `count` records may be appended.
  Verdict Check(ProducerIdAndEpoch producer, std::int32_t first_sequence, std::int32_t count) const;
  /// The same for what has no sequence: offsets.
  ErrorCode CheckEpoch(ProducerIdAndEpoch producer) const;

  /// The batch that was checked is at `first`. `transactional`: it opens a transaction, or belongs
  /// to the open one.
  void Appended(ProducerIdAndEpoch producer, std::int32_t first_sequence, std::int32_t count,
                kafka::Offset first, bool transactional);

  bool HasOpen(ProducerId producer) const { return open_.contains(producer); }

  /// A marker decides the producer's open transaction. Returns where that began.
  std::optional<kafka::Offset> Ended(ProducerIdAndEpoch producer);
  ErrorCode CheckMarker(ProducerIdAndEpoch producer) const;

  /// Where the first open transaction began.
  std::optional<kafka::Offset> FirstOpen() const;

 private:
  struct Batch {
    std::int32_t first_sequence;
    std::int32_t last_sequence;
    kafka::Offset first;
  };
  struct State {
    Epoch epoch = -1;
    std::int32_t last_sequence = -1;
    std::deque<Batch> batches{};  // the last five
  };

  std::map<ProducerId, State> states_;
  std::map<ProducerId, kafka::Offset> open_;
  std::set<kafka::Offset> begins_;
};

}  // namespace semel::simulation
