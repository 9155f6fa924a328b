#include "prove/checker.h"

#include <algorithm>
#include <unordered_map>

namespace semel::prove {
namespace {

bool Dropped(Fate fate, const Rules& rules) {
  switch (fate) {
    case Fate::kUnique:
      return false;
    case Fate::kDuplicate:
      return !rules.mark_duplicates;
    case Fate::kMissing:
      return rules.missing == Unjudged::kDrop;
    case Fate::kInvalid:
      return rules.invalid == Unjudged::kDrop;
    case Fate::kLate:
      return rules.late == Unjudged::kDrop;
  }
  return false;
}

class OutputCheck {
 public:
  OutputCheck(const Histories& histories, const Rules& rules, const std::vector<Judged>& judged,
              Report& report)
      : histories_(histories), rules_(rules), judged_(judged), report_(report) {}

  std::vector<CameOut> Run() {
    const std::size_t size = histories_.input.size();
    came_out_.resize(size, CameOut::kNo);
    arrivals_.resize(size);
    by_uid_.reserve(size);
    for (std::uint32_t i = 0; i < size; ++i) AddUid(i);
    for (const OutputRecord& record : histories_.output) CheckRecord(record);
    for (std::uint32_t i = 0; i < size; ++i) CheckArrival(i);
    for (const auto& [partition, open] : histories_.output_open)
      report_.Add(Violation::kUndecided,
                  Describe(histories_.output_topic, {partition, open}) +
                      ": an open transaction begins here; check again when it has ended");
    return std::move(came_out_);
  }

 private:
  // What came out for an event, kept at its first sight.
  struct Arrival {
    std::uint32_t input = 0;  // which copy came out first
    const OutputRecord* output = nullptr;
  };

  void AddUid(std::uint32_t i) {
    const InputRecord& record = histories_.input[i];
    const auto [found, added] = by_uid_.try_emplace(record.uid, i);
    if (added) return;
    report_.Add(Violation::kInputChanged,
                Input(i) + ": the uid of " + Input(found->second) + " again: written twice");
  }

  void CheckRecord(const OutputRecord& record) {
    const auto found = record.uid ? by_uid_.find(*record.uid) : by_uid_.end();
    if (found == by_uid_.end()) {
      report_.Add(Violation::kUnexpected, Output(record) + ": not a record of the input");
      return;
    }
    const std::uint32_t i = found->second;
    const Judged& judged = judged_[i];
    CompareContent(record, i);
    const bool marked = CompareMark(record, i);
    if (judged.fate != Fate::kDuplicate && Dropped(judged.fate, rules_)) {
      report_.Add(Violation::kUnexpected,
                  Output(record) + ": the policy drops " + Input(i) + ", and it came out");
      return;
    }
    came_out_[i] = judged.fate == Fate::kUnique || (judged.fate == Fate::kDuplicate && !marked)
                       ? CameOut::kAsUnique
                       : CameOut::kOtherwise;
    // A marked duplicate stands for itself; an unmarked one competes with its first sight.
    Arrival& arrival = arrivals_[marked ? i : judged.first];
    if (arrival.output != nullptr) {
      report_.Add(Violation::kDuplicated, Output(record) + ": the event of " + Input(i) +
                                              " came out before, as " + Output(*arrival.output));
      return;
    }
    arrival = {i, &record};
    CompareOrder(record, i);
  }

  void CompareContent(const OutputRecord& record, std::uint32_t i) {
    const InputRecord& input = histories_.input[i];
    std::string parts;
    if (record.digest.key != input.digest.key) parts += " key";
    if (record.digest.value != input.digest.value) parts += " value";
    if (record.digest.headers != input.digest.headers) parts += " headers";
    if (record.timestamp_ms != input.timestamp_ms) parts += " timestamp";
    if (!parts.empty())
      report_.Add(Violation::kAltered,
                  Output(record) + ": differs from " + Input(i) + " in" + parts);
  }

  // True when the record carries a mark that it should carry.
  bool CompareMark(const OutputRecord& record, std::uint32_t i) {
    if (!record.duplicate_of) return false;
    const Judged& judged = judged_[i];
    const bool duplicate = judged.fate == Fate::kDuplicate;
    if (!duplicate || histories_.input[judged.first].at != *record.duplicate_of)
      report_.Add(Violation::kAltered,
                  Output(record) + ": marked as a duplicate of " +
                      Describe(histories_.input_topic, *record.duplicate_of) + ", but " + Input(i) +
                      (duplicate ? " is one of " + Input(judged.first) : " is no duplicate"));
    return duplicate;
  }

  void CompareOrder(const OutputRecord& record, std::uint32_t i) {
    const Position& input = histories_.input[i].at;
    if (record.at.partition != input.partition) {
      report_.Add(Violation::kOutOfOrder,
                  Output(record) + ": belongs into partition " + std::to_string(input.partition));
      return;
    }
    const auto [newest, added] = newest_.try_emplace(input.partition, input.offset);
    if (added) return;
    if (input.offset < newest->second)
      report_.Add(Violation::kOutOfOrder, Output(record) + ": " + Input(i) + " came out after " +
                                              Input({input.partition, newest->second}));
    newest->second = std::max(newest->second, input.offset);
  }

  void CheckArrival(std::uint32_t i) {
    const Arrival& arrival = arrivals_[i];
    if (arrival.output == nullptr) {
      // A duplicate that came out without its mark was reported as such.
      if (came_out_[i] == CameOut::kNo && !Dropped(judged_[i].fate, rules_))
        report_.Add(Violation::kLost, Input(i) + " did not come out");
    } else if (arrival.input != i && came_out_[i] == CameOut::kNo) {
      report_.Add(Violation::kWrongCopy, Output(*arrival.output) + ": " + Input(arrival.input) +
                                             " came out instead of the first copy, " + Input(i));
    }
  }

  std::string Input(const Position& at) const { return Describe(histories_.input_topic, at); }
  std::string Input(std::uint32_t i) const { return Input(histories_.input[i].at); }
  std::string Output(const OutputRecord& record) const {
    return Describe(histories_.output_topic, record.at);
  }

  const Histories& histories_;
  const Rules& rules_;
  const std::vector<Judged>& judged_;
  Report& report_;
  std::unordered_map<std::uint64_t, std::uint32_t> by_uid_;
  std::vector<CameOut> came_out_;
  std::vector<Arrival> arrivals_;
  Offsets newest_;  // input offset that came out last, by partition
};

void Count(const Histories& histories, const std::vector<Judged>& judged, Counts& counts) {
  counts.read = histories.input.size();
  counts.written = histories.output.size();
  for (const Judged& record : judged) {
    switch (record.fate) {
      case Fate::kUnique:
        ++counts.unique;
        break;
      case Fate::kDuplicate:
        ++counts.duplicates;
        break;
      case Fate::kMissing:
        ++counts.missing;
        break;
      case Fate::kInvalid:
        ++counts.invalid;
        break;
      case Fate::kLate:
        ++counts.late;
        break;
    }
  }
}

void CheckCommitted(const Histories& histories, Report& report) {
  if (!histories.committed) return;
  for (const auto& [partition, end] : histories.input_end) {
    const auto found = histories.committed->find(partition);
    const std::int64_t committed = found == histories.committed->end() ? 0 : found->second;
    if (committed == end) continue;
    report.Add(Violation::kUncommitted,
               histories.group + ": committed offset " + std::to_string(committed) + " of " +
                   histories.input_topic + " [" + std::to_string(partition) + "], the end is " +
                   std::to_string(end));
  }
}

}  // namespace

std::string Describe(const std::string& topic, const Position& at) {
  return topic + " [" + std::to_string(at.partition) + "] offset " + std::to_string(at.offset);
}

std::size_t IndexOfInput(const Histories& histories, const Position& at) {
  const auto& input = histories.input;
  const auto found = std::lower_bound(
      input.begin(), input.end(), at,
      [](const InputRecord& record, const Position& wanted) { return record.at < wanted; });
  if (found == input.end() || found->at != at) return input.size();
  return static_cast<std::size_t>(found - input.begin());
}

void Check(const Histories& histories, const Rules& rules, Report& report) {
  const std::vector<Judged> judged = JudgeInput(histories, rules);
  Count(histories, judged, report.counts);
  const std::vector<CameOut> came_out = OutputCheck(histories, rules, judged, report).Run();
  if (histories.changelog) CheckChangelog(histories, judged, came_out, report);
  CheckCommitted(histories, report);
}

}  // namespace semel::prove
