// What comes into the input topic: events with copies, out of a seed, appended at once or in
// transactions that are committed or aborted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fault_plan.h"
#include "kafka/cluster.h"
#include "knobs.h"

namespace semel::simulation {

class Workload {
 public:
  Workload(Cluster& cluster, const Knobs& knobs, std::uint64_t seed);

  /// Begins to append; goes on until all records are there.
  void Start() { Next(); }
  /// Everything is appended, and no transaction is open.
  bool done() const { return appended_ >= knobs_.records && open_ == 0; }

 private:
  void Next();
  void AppendSome();
  StoredRecord MakeRecord(kafka::Partition partition);
  std::int64_t TimeOf(std::uint64_t event);
  void Append(kafka::Partition partition, RecordBatch batch);

  Cluster& cluster_;
  const Knobs& knobs_;
  prove::Random random_;
  int appended_ = 0;
  int open_ = 0;
  std::uint64_t uid_ = 0;
  ProducerId producer_ = 1'000'000;  // far from those that the coordinator gives out
};

}  // namespace semel::simulation
