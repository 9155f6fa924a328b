// A job with a partition in each state.
#pragma once

#include "metrics/sink_snapshot.h"
#include "metrics/snapshot.h"

namespace semel::metrics {

inline Snapshot ExampleSnapshot() {
  Snapshot snapshot{.group = "semel.orders",
                    .topic = "orders",
                    .output = "orders.unique",
                    .key = {"json:/order_id", "header:tenant"},
                    .fingerprint_bits = 256,
                    .window_ms = 604'800'000,
                    .memory_limit_bytes = 1'000'000};
  snapshot.lanes.push_back({.lane = 0,
                            .joined = true,
                            .transactions_committed = 4,
                            .transactions_aborted = 1,
                            .transactions_unknown = 2,
                            .producer_replacements = 3,
                            .fenced = 1,
                            .spread_copies_sampled = 2,
                            .snapshots_written = 6,
                            .snapshots_failed = 5,
                            .partitions = {{.partition = 0,
                                            .phase = Phase::kServing,
                                            .read = 21,
                                            .unique = 1,
                                            .duplicates = 2,
                                            .missing = 3,
                                            .invalid = 4,
                                            .late = 5,
                                            .rejected = 6,
                                            .position = 21,
                                            .end = 30,
                                            .blocked = true,
                                            .seen_set_failing = true,
                                            .entries = 100,
                                            .bytes = 4000,
                                            .oldest_ms = 1'700'000'000'500}}});
  snapshot.lanes.push_back(
      {.lane = 1,
       .joined = true,
       .transactions_committed = 6,
       .partitions = {
           {.partition = 1,
            .lane = 1,
            .phase = Phase::kRestoring,
            .restored_entries = 12,
            .restore_position = 40,
            .restore_end = 100},
           {.partition = 2, .lane = 1, .phase = Phase::kParked, .read = 8, .unique = 8}}});
  snapshot.lanes[0].commit_durations.Add(0.02);
  snapshot.lanes[1].commit_durations.Add(0.2);
  snapshot.lanes[1].commit_durations.Add(20);
  return snapshot;
}

inline SinkSnapshot SinkExampleSnapshot() {
  SinkSnapshot snapshot{.topic = "orders",
                        .table = "\"shop\"",
                        .joined = true,
                        .connected = true,
                        .fetching = true,
                        .read = 21,
                        .rows = 15,
                        .duplicates = 4,
                        .invalid = 2,
                        .committed = 7,
                        .rolled_back = 3,
                        .unknown = 2,
                        .fenced = 1,
                        .partitions = {{.partition = 0, .read = 21, .position = 21, .end = 30}}};
  snapshot.commit_durations.Add(0.02);
  return snapshot;
}

}  // namespace semel::metrics
