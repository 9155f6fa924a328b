// What tests of all seen-sets share: the kinds of sets, which each program of tests lists, and one
// set that is filled by single transactions.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/seen_set/helpers.h"

namespace semel::seen_set_test {

struct Kind {
  std::string name;
  int bits;
  std::function<std::shared_ptr<SeenSet>(std::int64_t window_ms)> open;  ///< an empty one
};

/// The kinds that this program tests.
std::vector<Kind> Kinds();

// Widths of the time buckets are 100 ms.
inline constexpr std::int64_t kWindow = 6400;
inline constexpr std::int64_t kStart = 1'000'000;
inline constexpr std::int64_t kTwo62 = std::int64_t{1} << 62;

class OneSet : public testing::TestWithParam<Kind> {
 protected:
  Fingerprint Id(std::uint64_t id) const { return Key(id, GetParam().bits); }
  Sighting At(std::uint64_t id, std::int64_t time_ms) { return {Id(id), time_ms, ++offset_}; }
  Verdict CommitAt(std::uint64_t id, std::int64_t time_ms) {
    return Commit(*set_, At(id, time_ms)).verdict;
  }
  // Moves stream time with an event that no test asks for again.
  void Advance(std::int64_t time_ms) { EXPECT_EQ(CommitAt(999'999, time_ms), Verdict::kUnique); }

  std::shared_ptr<SeenSet> set_ = GetParam().open(kWindow);
  std::int64_t offset_ = 100;
};

}  // namespace semel::seen_set_test
