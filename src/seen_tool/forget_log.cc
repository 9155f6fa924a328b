#include "seen_tool/forget_log.h"

#include <algorithm>

#include "seen_tool/entries.h"

namespace semel::seen_tool {

Result<ForgetLog> PackForget(const pipeline::PartitionState& state,
                             const std::set<Fingerprint>& fingerprints,
                             const std::string& transactional_id) {
  ForgetLog log;
  const pipeline::ChangelogPosition& end = state.changelog;
  std::vector<Sighting> kept;
  for (const Sighting& entry :
       Collect(*state.seen, std::chrono::milliseconds(end.rule.window_ms))) {
    if (fingerprints.contains(entry.fingerprint))
      log.forgotten.push_back(entry);
    else if (!log.forgotten.empty())
      kept.push_back(entry);
  }
  if (log.forgotten.empty()) return log;
  const ChangelogRecord whole{.epoch = end.epoch,
                              .rule = end.rule,
                              .transactional_id = transactional_id,
                              .partition = state.partition,
                              .begin = log.forgotten.front().offset,
                              .end = end.covered.value_or(0),
                              .stream_time_ms = state.seen->stream_time_ms(),
                              .previous_append_ms = end.last_append_ms,
                              .rewinds = true};
  const bool ascending =
      std::ranges::adjacent_find(kept, std::greater_equal{}, &Sighting::offset) == kept.end();
  if (!ascending || whole.begin >= whole.end || (!kept.empty() && kept.back().offset >= whole.end))
    return Error{Action::kStop, "partition " + std::to_string(state.partition) +
                                    ": the remembered events do not lie at input offsets of "
                                    "their own. What is wrong: semel seen verify"};
  log.written_again = kept.size();
  PackChangelog(whole, kept, log.records);
  return log;
}

}  // namespace semel::seen_tool
