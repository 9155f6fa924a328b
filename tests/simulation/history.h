// Reads a simulated cluster's topics as the checker wants them, without a client.
#pragma once

#include "kafka/cluster.h"
#include "knobs.h"
#include "prove/histories.h"
#include "semel/result.h"

namespace semel::simulation {

/// What a read_committed reader finds, deleted records included. Errors: a changelog record that
/// cannot be read.
Result<prove::Histories> ReadHistories(Cluster& cluster, const Knobs& knobs);

/// The uid of the record there; 0 where it has none.
std::uint64_t UidAt(const PartitionLog& log, kafka::Offset offset);

/// The first changelog offset that somebody may still need: what lies before it is older than the
/// retention, and holds nothing that is remembered.
kafka::Offset Disposable(const PartitionLog& log, std::int64_t now_ms,
                         const pipeline::LaneSettings& settings);

prove::Rules RulesOf(const Knobs& knobs, std::int64_t now_ms);

}  // namespace semel::simulation
