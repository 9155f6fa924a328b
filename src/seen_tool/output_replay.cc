#include "seen_tool/output_replay.h"

#include "pipeline/effective_time.h"
#include "prove/histories_reader.h"
#include "seen_tool/entries.h"
#include "wiring/random_seed.h"

namespace semel::seen_tool {

OutputReplay::OutputReplay(const OutputRule& rule, Fingerprinter& fingerprinter)
    : rule_(rule),
      fingerprinter_(fingerprinter),
      seen_(OpenMemorySeenSet({rule.window, fingerprinter.bits(), RandomSeed()})) {}

Result<void> OutputReplay::Take(std::span<const Record> records) {
  const auto stage = seen_->Begin();
  for (const Record& record : records) SEMEL_TRY(Judge(record, *stage));
  stage->Confirm();
  return {};
}

/// Late records that were let through, and copies of a replay, come out as what they are: they are
/// judged as they were then, and add nothing.
Result<void> OutputReplay::Judge(const Record& record, Stage& stage) {
  const std::int64_t time_ms = pipeline::EffectiveTime(record.timestamp_ms, rule_.clock_ms);
  ++counts_.records;
  // A copy does not prolong what is remembered, also where its first sight is forgotten already.
  std::span<const Header> headers = record.headers;
  if (prove::TakeMark(rule_.from, headers)) {
    ++counts_.marked;
    return stage.Observe(time_ms);
  }
  const Identity identity = fingerprinter_.Identify(record);
  if (identity.outcome == Outcome::kInvalid) {
    ++counts_.invalid;
    return stage.Observe(time_ms);
  }
  if (identity.outcome == Outcome::kMissing && !rule_.judge_missing) {
    ++counts_.missing;
    return stage.Observe(time_ms);
  }
  const Sighting sighting{identity.fingerprint, time_ms, record.offset};
  Judgement ignored;
  return stage.Judge({&sighting, 1}, {&ignored, 1});
}

std::vector<Sighting> OutputReplay::Entries() const { return Collect(*seen_, rule_.window); }

}  // namespace semel::seen_tool
