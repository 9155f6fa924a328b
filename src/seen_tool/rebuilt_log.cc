#include "seen_tool/rebuilt_log.h"

namespace semel::seen_tool {

Result<std::vector<std::string>> PackRebuilt(RebuiltLog log) {
  const auto count = static_cast<kafka::Offset>(log.entries.size());
  if (count > log.committed)
    return Error{Action::kStop, "the output holds " + std::to_string(count) +
                                    " events within the window, and only " +
                                    std::to_string(log.committed) +
                                    " input records were read: they are not of this job. Check "
                                    "--from, --to and --group"};
  kafka::Offset offset = log.committed - count;
  const ChangelogRecord whole{.epoch = 1,
                              .rule = log.rule,
                              .transactional_id = log.transactional_id,
                              .partition = log.partition,
                              .begin = offset,
                              .end = log.committed,
                              .stream_time_ms = log.stream_time_ms};
  for (Sighting& entry : log.entries) entry.offset = offset++;
  std::vector<std::string> packed;
  PackChangelog(whole, log.entries, packed);
  return packed;
}

bool MayLackEvents(const OutputFront& front) {
  if (front.low == 0) return false;
  if (front.retention_ms < 0 || front.bounded_by_size) return true;
  // What retention removed was older than this.
  const std::int64_t removed_below = front.now_ms - front.retention_ms;
  const std::int64_t remembered_from = front.stream_time_ms - front.window_ms;
  return removed_below > remembered_from;
}

}  // namespace semel::seen_tool
