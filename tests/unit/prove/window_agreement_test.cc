// The checker's window model and the seen-set were written apart from each other, from the same
// page. Where they disagree, one of them read it wrongly.
#include <gtest/gtest.h>

#include "history_builder.h"
#include "prove/random.h"
#include "prove/window_model.h"
#include "semel/seen_set.h"

namespace semel::prove {
namespace {

Fate FateOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kUnique:
      return Fate::kUnique;
    case Verdict::kDuplicate:
      return Fate::kDuplicate;
    case Verdict::kLate:
      return Fate::kLate;
  }
  return Fate::kUnique;
}

// Few events, times that jump within three windows: edges, late ones and forgotten ones abound.
HistoryBuilder RandomHistory(std::uint64_t seed, std::int64_t window_ms) {
  Random random(seed);
  HistoryBuilder builder;
  std::int64_t base = kStart;
  for (int i = 0; i < 3000; ++i) {
    base += static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(window_ms) / 20 + 2));
    const auto reach = 2 * static_cast<std::uint64_t>(window_ms);
    const std::uint64_t back = random.Below(3) == 0 ? random.Below(reach) : 0;
    builder.In(0, static_cast<int>(random.Below(50)), base - static_cast<std::int64_t>(back));
  }
  return builder;
}

TEST(WindowAgreement, TheModelAndTheSeenSetJudgeAlike) {
  for (const std::int64_t window_ms : {10, 64, 100, 6400, 100'000}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      HistoryBuilder builder = RandomHistory(Mix(seed), window_ms);
      Rules rules = RulesOfTests();
      rules.window_ms = window_ms;
      rules.now_ms = kStart * 1000;
      const std::vector<Judged> judged = JudgeInput(builder.histories(), rules);

      MemorySeenSetOptions options;
      options.window = std::chrono::milliseconds(window_ms);
      const auto seen = OpenMemorySeenSet(options);
      for (std::size_t i = 0; i < judged.size(); ++i) {
        const InputRecord& record = builder.histories().input[i];
        const Sighting sighting{record.identity.fingerprint, record.timestamp_ms, record.at.offset};
        Judgement judgement;
        const auto stage = seen->Begin();
        ASSERT_TRUE(stage->Judge({&sighting, 1}, {&judgement, 1}));
        stage->Confirm();
        ASSERT_EQ(FateOf(judgement.verdict), judged[i].fate)
            << "window " << window_ms << " seed " << seed << " record " << i;
        if (judgement.verdict != Verdict::kDuplicate) continue;
        ASSERT_EQ(judgement.first_offset, static_cast<std::int64_t>(judged[i].first));
      }
    }
  }
}

}  // namespace
}  // namespace semel::prove
