// What the open transaction of a lane holds: for each partition in it the stage, the input range
// and the counters, and the memory that the producer still points into.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kafka/client.h"
#include "metrics/snapshot.h"
#include "pipeline/partition_state.h"
#include "semel/seen_set.h"

namespace semel::pipeline {

struct PartitionWork {
  PartitionState* state = nullptr;
  std::uint64_t ownership = 0;  ///< of the assignment that its records came under
  std::unique_ptr<Stage> stage;
  kafka::Offset next = 0;            ///< next input offset after this transaction
  metrics::PartitionSnapshot tally;  ///< its counters only
  kafka::Offset first_log = -1;      ///< of the partition's first changelog record, after the flush
  kafka::Delivered last_log;         ///< of its last one
};

class Transaction {
 public:
  /// `due`: when it is to be committed at the latest.
  explicit Transaction(std::chrono::steady_clock::time_point due) : due_(due) {}

  /// The work on a partition; begins it at the committed offset.
  PartitionWork& Work(PartitionState& state, std::uint64_t ownership);

  /// Keeps what the producer refers to.
  void Keep(std::unique_ptr<kafka::Batch> batch);

  /// The same for bytes of one's own.
  std::string_view Keep(std::string bytes) { return kept_.emplace_back(std::move(bytes)); }

  /// Produces the changelog records. Errors: of Produce.
  Result<void> ProduceChangelog(const std::string& transactional_id,
                                kafka::TransactionalProducer& producer);

  /// Takes in where they landed.
  void Landed(std::span<const kafka::Delivered> delivered);

  /// A changelog record did not land where the changelog ended when it was read: somebody else
  /// wrote to it, or its end was not told as it is. After Landed; the partition's unproven_end
  /// stays.
  bool overtaken() const { return overtaken_; }

  /// Next offsets, with metadata that names the changelog record where there is one; after Landed.
  std::map<kafka::Partition, kafka::CommittedOffset> Offsets(std::int32_t input_partitions) const;

  /// Makes everything remembered. Once, after the commit is known to have succeeded.
  void Confirm();

  std::map<kafka::Partition, PartitionWork>& works() { return works_; }
  const std::map<kafka::Partition, PartitionWork>& works() const { return works_; }
  std::chrono::steady_clock::time_point due() const { return due_; }
  std::size_t records() const { return records_; }
  std::size_t bytes() const { return bytes_; }  ///< of their keys and values
  /// Partition and offset of the first record kept.
  std::pair<kafka::Partition, kafka::Offset> first() const { return first_; }

 private:
  const std::chrono::steady_clock::time_point due_;
  std::map<kafka::Partition, PartitionWork> works_;
  std::vector<std::unique_ptr<kafka::Batch>> batches_;
  std::deque<std::string> kept_;
  std::vector<kafka::Partition> log_partitions_;  // by tag - 1
  std::size_t records_ = 0;
  std::size_t bytes_ = 0;
  std::pair<kafka::Partition, kafka::Offset> first_{-1, -1};
  bool overtaken_ = false;
};

}  // namespace semel::pipeline
