#include "prove/checker.h"

namespace semel::prove {

TruthCheck::TruthCheck(const Histories& histories, Report& report)
    : histories_(histories), report_(report), acknowledged_(histories.input.size(), false) {}

void TruthCheck::Add(const TruthLine& line) {
  const Position at{line.partition, line.offset};
  const std::size_t i = IndexOfInput(histories_, at);
  const auto where = [&] {
    return Describe(histories_.input_topic, at) + ", sequence " + std::to_string(line.sequence);
  };
  if (i == histories_.input.size()) {
    report_.Add(Violation::kInputChanged,
                where() + ": acknowledged, and not there (deleted by retention?)");
    return;
  }
  const InputRecord& record = histories_.input[i];
  if (record.uid != line.uid || record.digest != line.digest ||
      record.timestamp_ms != line.timestamp_ms)
    report_.Add(Violation::kInputChanged, where() + ": another record than was acknowledged");
  acknowledged_[i] = true;
}

void TruthCheck::Finish() {
  for (const bool acknowledged : acknowledged_)
    if (!acknowledged) ++report_.counts.not_in_truth;
}

}  // namespace semel::prove
