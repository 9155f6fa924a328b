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
/// CPU time of a job with large records. So linger.ms is long, a partition is given just enough for
/// one full batch, and the rest when that is answered; what makes no full batch goes with the
/// flush.
///
/// Used by the producer's thread only, which also runs the delivery reports.
class SendQueue {
 public:
  /// A batch is full with so many records, or with batch.size bytes of keys and values: librdkafka
  /// sends one that is, and is woken for it by the first record above.
  static constexpr std::size_t kBatchRecords = 100'000;

  /// `batch_bytes`: batch.size. `producer` outlives this.
  SendQueue(rd_kafka_t* producer, int batch_bytes)
      : producer_(producer), batch_bytes_(static_cast<std::size_t>(batch_bytes)) {}

  /// Topics get the numbers 0, 1, ... in the order of these calls. False: rd_kafka_last_error().
  bool AddTopic(const std::string& name);
  std::size_t topics() const { return topics_.size(); }

  /// Takes a record; memory as TransactionalProducer::Produce says. Hands over what may go, so that
  /// the error is that of any record of its partition.
  NotTaken Add(const OutgoingRecord& record);

  /// One record was reported on. Hands over as Add does.
  NotTaken Delivered(const rd_kafka_message_t& message);

  /// Again for all: librdkafka may have had no room.
  NotTaken HandOverAll();

  /// What was not handed over is forgotten.
  void DropHeld();

  /// Records that were not reported on.
  std::size_t outstanding() const { return outstanding_; }

  /// A full batch of some partition was handed over and is not answered.
  bool full_batch_under_way() const;

 private:
  struct HeldRecord {
    Bytes key;
    Bytes value;
    HeadersPtr headers;
    std::int64_t timestamp_ms;
    std::uint64_t tag;
  };
  struct PartitionQueue {
    std::deque<HeldRecord> held;
    std::deque<std::size_t> handed_over;  // sizes, in the order of the reports
    std::size_t bytes = 0;                // their sum
  };

  bool Full(const PartitionQueue& queue) const {
    return queue.bytes > batch_bytes_ || queue.handed_over.size() > kBatchRecords;
  }
  PartitionQueue& Of(std::size_t topic, Partition partition);
  NotTaken HandOver(std::size_t topic, Partition partition, PartitionQueue& queue);
  ErrorPtr Enqueue(std::size_t topic, Partition partition, HeldRecord& record) const;

  rd_kafka_t* producer_;
  std::size_t batch_bytes_;
  std::vector<TopicPtr> topics_;
  std::deque<std::deque<PartitionQueue>> queues_;  // by topic and partition
  std::size_t outstanding_ = 0;
};

}  // namespace semel::kafka
