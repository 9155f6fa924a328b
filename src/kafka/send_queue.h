// Records on their way to librdkafka, which is given one batch of a partition at a time.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "kafka/client.h"
#include "kafka/rdkafka_handles.h"

namespace semel::kafka {

/// A record that librdkafka did not take.
struct NotTaken {
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string where;  ///< topic and partition
};

/// Why librdkafka does not keep the queue: its idempotent producer has one batch of a partition
/// under way, and while a second one is ready to go (full, or older than linger.ms) the broker's
/// thread asks for the answer to the first without a pause (rd_kafka_toppar_producer_serve sets its
/// wake-up time before it looks at the limit; seen in 2.0.2 and 2.12.1). That was a quarter of the
/// CPU time of a job with large records.
///
/// Used by the producer's thread only, which also runs the delivery reports.
class SendQueue {
 public:
  /// `batch_bytes` as in batch.size. `producer` outlives this.
  SendQueue(rd_kafka_t* producer, int batch_bytes)
      : producer_(producer), batch_bytes_(static_cast<std::size_t>(batch_bytes) / 10 * 9) {}

  /// Topics get the numbers 0, 1, ... in the order of these calls. False: rd_kafka_last_error().
  bool AddTopic(const std::string& name);
  std::size_t topics() const { return topics_.size(); }

  /// A new transaction; nothing of an earlier one is left.
  void Begin();

  /// The first record of a partition goes at once, so that the partition joins the transaction
  /// early; more go when they are worth a request and nothing of the partition is under way.
  /// Memory: as TransactionalProducer::Produce says. The error is that of any record handed over.
  NotTaken Add(const OutgoingRecord& record);

  /// From now on until Begin everything goes as soon as it may. To be called again while there is
  /// something held: librdkafka may have had no room.
  NotTaken HandOverAll();

  /// One record was reported on.
  NotTaken Delivered(const rd_kafka_message_t& message);

  /// What was not handed over is forgotten.
  void DropHeld();

  std::size_t held() const { return held_; }                ///< records
  std::size_t outstanding() const { return outstanding_; }  ///< records, held ones included

 private:
  struct HeldRecord {
    Bytes key;
    Bytes value;
    HeadersPtr headers;
    std::int64_t timestamp_ms;
    std::uint64_t tag;
    std::size_t bytes;
  };
  struct PartitionQueue {
    std::deque<HeldRecord> held;
    std::size_t held_bytes = 0;
    std::size_t under_way = 0;  ///< records
    bool joined = false;        ///< the transaction, with its first record
  };

  PartitionQueue& Of(std::size_t topic, Partition partition);
  bool Worthwhile(const PartitionQueue& queue) const;
  NotTaken HandOver(std::size_t topic, Partition partition, PartitionQueue& queue);
  ErrorPtr Enqueue(std::size_t topic, Partition partition, HeldRecord& record) const;

  rd_kafka_t* producer_;
  std::size_t batch_bytes_;  // a tenth below the limit: librdkafka counts what it adds
  std::vector<TopicPtr> topics_;
  std::deque<std::deque<PartitionQueue>> queues_;  // by topic and partition
  std::size_t held_ = 0;
  std::size_t outstanding_ = 0;
  bool flushing_ = false;
};

}  // namespace semel::kafka
