#include "seen_tool/entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace semel::seen_tool {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

constexpr std::chrono::milliseconds kWindow{6400};
constexpr std::int64_t kNow = 1'764'590'400'000;

Sighting Entry(std::uint8_t event, std::int64_t offset, std::int64_t time_ms = kNow) {
  Sighting entry{.fingerprint = {}, .time_ms = time_ms, .offset = offset};
  entry.fingerprint.bytes[0] = event;
  return entry;
}

TEST(CollectTest, ByOffsetAndWithoutWhatIsForgotten) {
  const auto seen = OpenMemorySeenSet({kWindow, 128, 7});
  seen->Restore(std::vector{Entry(3, 0, kNow - 9000), Entry(1, 9), Entry(2, 4)}, kNow);
  EXPECT_EQ(Collect(*seen, kWindow), (std::vector{Entry(2, 4), Entry(1, 9)}));
}

TEST(DifferenceTest, EqualIsNone) {
  EXPECT_EQ(Difference({Entry(1, 1), Entry(2, 2)}, {Entry(1, 1), Entry(2, 2)}, 128), std::nullopt);
  EXPECT_EQ(Difference({}, {}, 128), std::nullopt);
}

TEST(DifferenceTest, NamesTheFirstEntryThatDiffers) {
  const std::vector<Sighting> log{Entry(1, 1), Entry(2, 2)};
  EXPECT_THAT(Difference({Entry(1, 1)}, log, 128),
              Optional(HasSubstr("is missing: input offset 2")));
  EXPECT_THAT(Difference({Entry(2, 2)}, log, 128),
              Optional(HasSubstr("is missing: input offset 1")));
  EXPECT_THAT(Difference({Entry(1, 1), Entry(2, 2), Entry(3, 3)}, log, 128),
              Optional(HasSubstr("does not have: input offset 3, fingerprint 03")));
  EXPECT_THAT(Difference({Entry(9, 0), Entry(1, 1), Entry(2, 2)}, log, 128),
              Optional(HasSubstr("does not have: input offset 0")));
  EXPECT_THAT(Difference({Entry(1, 1), Entry(2, 2, kNow - 1)}, log, 128),
              Optional(HasSubstr("another time")));
}

TEST(TimeTextTest, IsUtcWithMilliseconds) {
  EXPECT_EQ(TimeText(kNow + 12), "2025-12-01T12:00:00.012Z");
  EXPECT_EQ(TimeText(0), "-");
}

}  // namespace
}  // namespace semel::seen_tool
