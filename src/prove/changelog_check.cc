#include "prove/checker.h"

namespace semel::prove {
namespace {

class ChangelogCheck {
 public:
  ChangelogCheck(const Histories& histories, const std::vector<Judged>& judged,
                 const std::vector<CameOut>& came_out, Report& report)
      : histories_(histories), judged_(judged), came_out_(came_out), report_(report) {}

  void Run() {
    const Changelog& changelog = *histories_.changelog;
    report_.counts.changelog_records = changelog.ranges.size();
    report_.counts.changelog_entries = changelog.entries.size();
    CheckRanges(changelog);
    CheckEnds();
    remembered_.resize(histories_.input.size(), false);
    for (const ChangelogEntry& entry : changelog.entries) CheckEntry(entry);
    for (std::size_t i = 0; i < came_out_.size(); ++i) {
      if (came_out_[i] == CameOut::kAsUnique && !remembered_[i])
        report_.Add(Violation::kChangelogMissing,
                    Input(histories_.input[i].at) + " came out, and no entry says so");
    }
  }

 private:
  void CheckRanges(const Changelog& changelog) {
    for (const InputRecord& record : histories_.input)
      ends_.try_emplace(record.at.partition, record.at.offset);  // the first record there is
    Offsets started;
    for (const ChangelogRange& range : changelog.ranges) {
      if (range.at.partition != range.partition)
        report_.Add(Violation::kChangelogRange,
                    Log(range.at) + ": speaks of partition " + std::to_string(range.partition));
      std::int64_t& end = ends_.try_emplace(range.partition, range.begin).first->second;
      const bool first = started.try_emplace(range.partition, range.begin).second;
      // The first range may begin before the first record: at 0, or at a control record.
      const bool fits = first ? range.begin <= end : range.begin == end;
      if (!fits)
        report_.Add(Violation::kChangelogRange,
                    Log(range.at) + ": begins at " + std::to_string(range.begin) + ", " +
                        (range.begin > end ? "a gap" : "an overlap") +
                        ": the one before ended at " + std::to_string(end));
      end = range.end;
    }
  }

  // The last range ends where the group's offset is; they are committed together.
  void CheckEnds() {
    Offsets needed;
    for (const InputRecord& record : histories_.input)
      needed[record.at.partition] = record.at.offset + 1;
    for (const auto& [partition, behind_last] : needed) {
      const std::int64_t end = ends_[partition];
      const bool known = histories_.committed && histories_.committed->contains(partition);
      const std::int64_t committed = known ? histories_.committed->at(partition) : behind_last;
      if (known ? end == committed : end >= behind_last) continue;
      report_.Add(Violation::kChangelogRange,
                  histories_.changelog_topic + ": the ranges of partition " +
                      std::to_string(partition) + " end at " + std::to_string(end) +
                      (known ? ", the committed offset is " : ", the input at ") +
                      std::to_string(committed));
    }
  }

  void CheckEntry(const ChangelogEntry& entry) {
    const std::size_t i = IndexOfInput(histories_, entry.input);
    const std::string where = Log(entry.at) + ": " + Input(entry.input);
    if (i == histories_.input.size()) {
      report_.Add(Violation::kChangelogExtra, where + " is not in the input");
      return;
    }
    if (remembered_[i]) {
      report_.Add(Violation::kChangelogExtra, where + " has an entry already");
      return;
    }
    remembered_[i] = true;
    if (came_out_[i] != CameOut::kAsUnique) {
      report_.Add(Violation::kChangelogExtra,
                  where + (came_out_[i] == CameOut::kNo ? " did not come out"
                                                        : " came out, but not as a first sight"));
      return;
    }
    const InputRecord& input = histories_.input[i];
    if (entry.sighting.fingerprint != input.identity.fingerprint)
      report_.Add(Violation::kChangelogDiffers, where + " has another fingerprint");
    else if (entry.sighting.time_ms != judged_[i].time_ms)
      report_.Add(Violation::kChangelogDiffers,
                  where + " has time " + std::to_string(judged_[i].time_ms) + ", the entry " +
                      std::to_string(entry.sighting.time_ms));
  }

  std::string Input(const Position& at) const { return Describe(histories_.input_topic, at); }
  std::string Log(const Position& at) const { return Describe(histories_.changelog_topic, at); }

  const Histories& histories_;
  const std::vector<Judged>& judged_;
  const std::vector<CameOut>& came_out_;
  Report& report_;
  Offsets ends_;                  // of the ranges so far, by input partition
  std::vector<bool> remembered_;  // has an entry, by index of the input
};

}  // namespace

void CheckChangelog(const Histories& histories, const std::vector<Judged>& judged,
                    const std::vector<CameOut>& came_out, Report& report) {
  ChangelogCheck(histories, judged, came_out, report).Run();
}

}  // namespace semel::prove
