#include "sink/start_positions.h"

#include <thread>

#include "kafka/deadline.h"

namespace semel::sink {
namespace {

using kafka::Offset;
using kafka::Partition;

constexpr kafka::Milliseconds kAskKafka{5'000};
constexpr kafka::Milliseconds kBetweenQuestions{100};

}  // namespace

Result<Positions> StartPositions::Read(const std::vector<Partition>& owned) {
  SEMEL_TRY_ASSIGN(Positions positions, parts_.database.Read());
  SEMEL_TRY(CheckNoneIsGone(positions));
  SEMEL_TRY_ASSIGN(const Positions first, First(positions, owned));
  if (!first.empty()) {
    SEMEL_TRY(parts_.database.Create(first));
    SEMEL_TRY_ASSIGN(positions, parts_.database.Read());  // another process may have been faster
  }
  for (const Partition partition : owned) {
    const auto found = positions.find(partition);
    if (found == positions.end())
      return Error{Action::kRetry, "the position of partition " + std::to_string(partition) +
                                       " is gone from the database"};
    SEMEL_TRY(CheckIsThere(partition, found->second));
  }
  seen_ = positions;
  return positions;
}

Result<void> StartPositions::CheckNoneIsGone(const Positions& known) {
  for (const auto& [partition, offset] : seen_) {
    if (known.contains(partition)) continue;
    return Error{Action::kStop,
                 "the position of " + parts_.topic + " [" + std::to_string(partition) + "] was " +
                     std::to_string(offset) +
                     " and is gone from the database. Find out what else is gone. Where the table "
                     "has the rows before it, stop the sinks and " +
                     parts_.database.CreateCommand({{partition, offset}}) +
                     ". A start without it begins the partition again"};
  }
  return {};
}

/// At the very first, all partitions get one, so that --start means the same for all processes. A
/// partition that came later is read from its beginning: nothing in it was there before.
Result<Positions> StartPositions::First(const Positions& known,
                                        const std::vector<Partition>& owned) {
  Positions first;
  if (known.empty())
    for (Partition partition = 0; partition < parts_.partitions; ++partition) {
      SEMEL_TRY_ASSIGN(first[partition], StartOf(partition, parts_.start));
    }
  for (const Partition partition : owned) {
    if (known.contains(partition) || first.contains(partition)) continue;
    SEMEL_TRY_ASSIGN(first[partition], StartOf(partition, {}));
  }
  return first;
}

Result<Offset> StartPositions::StartOf(Partition partition, const config::Start& start) {
  if (start.kind == config::Start::Kind::kTime)
    return parts_.reader.OffsetAt(parts_.topic, partition, start.time_ms, kAskKafka);
  SEMEL_TRY_ASSIGN(const auto marks, parts_.reader.Marks(parts_.topic, partition, kAskKafka));
  return start.kind == config::Start::Kind::kLatest ? marks.last_stable : marks.low;
}

Result<void> StartPositions::CheckIsThere(Partition partition, Offset offset) {
  SEMEL_TRY_ASSIGN(auto marks, parts_.reader.Marks(parts_.topic, partition, kAskKafka));
  const kafka::Deadline old{kafka::kOldLeaderLimit};
  while (offset > marks.high && !old.passed()) {
    std::this_thread::sleep_for(kBetweenQuestions);
    SEMEL_TRY_ASSIGN(marks, parts_.reader.Marks(parts_.topic, partition, kAskKafka));
  }
  if (offset >= marks.low && offset <= marks.high) return {};
  const std::string what = parts_.topic + " [" + std::to_string(partition) + "]: offset " +
                           std::to_string(offset) + " is not there; the log is from " +
                           std::to_string(marks.low) + " to " + std::to_string(marks.high);
  const auto move = [&](Offset to) { return parts_.database.MoveCommand(partition, {offset, to}); };
  if (offset < marks.low)
    return Error{Action::kStop,
                 what +
                     ". Records were deleted before they were written to the table. To go on "
                     "without them, stop the sinks and " +
                     move(marks.low)};
  return Error{Action::kStop, what +
                                  ". The topic was cut off or made anew. Stop the sinks; where the "
                                  "table has what the topic holds now, " +
                                  move(marks.high) + ". Where it has nothing of it, " +
                                  move(marks.low)};
}

Result<Positions> StartPositions::Ends(Logger& log) {
  Positions ends;
  for (Partition partition = 0; partition < parts_.partitions; ++partition) {
    SEMEL_TRY_ASSIGN(const auto marks, parts_.reader.Marks(parts_.topic, partition, kAskKafka));
    ends[partition] = marks.last_stable;
    if (marks.high > marks.last_stable)
      log.Warning("records behind an open transaction of a producer are not waited for",
                  {{"topic", parts_.topic},
                   {"partition", std::to_string(partition)},
                   {"end", std::to_string(marks.last_stable)}});
  }
  return ends;
}

}  // namespace semel::sink
