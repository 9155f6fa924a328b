#include "ingest/local_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace semel::ingest {
namespace {

class LocalMemoryTest : public testing::Test {
 protected:
  static Fingerprint Of(int number) {
    Fingerprint fingerprint;
    fingerprint.bytes[0] = static_cast<std::uint8_t>(number);
    fingerprint.bytes[1] = static_cast<std::uint8_t>(number >> 8);
    fingerprint.bytes[15] = 1;
    return fingerprint;
  }
  bool Knows(int number) {
    const std::vector<Fingerprint> asked{Of(number)};
    bool known = false;
    bool done = false;
    memory->Ask(asked, {&known, 1}, [&] { done = true; });
    EXPECT_TRUE(done);
    return known;
  }
  void Remember(int number) {
    const std::vector<Fingerprint> acknowledged{Of(number)};
    memory->Remember(acknowledged);
  }
  void Make(std::size_t bytes) {
    memory = std::make_unique<LocalMemory>(bytes, 128, std::chrono::seconds(100), 7,
                                           [this] { return now; });
  }

  std::chrono::seconds now{1};
  std::unique_ptr<LocalMemory> memory;
};

TEST_F(LocalMemoryTest, KnowsWhatItWasTold) {
  Make(1 << 16);
  EXPECT_FALSE(Knows(1));
  Remember(1);
  EXPECT_TRUE(Knows(1));
  EXPECT_FALSE(Knows(2));
  EXPECT_EQ(memory->entries(), 1U);
}

// The first bytes alone decide nothing.
TEST_F(LocalMemoryTest, TellsFingerprintsApartByAllBytes) {
  Make(1);  // one row, so that all meet
  Fingerprint one = Of(1);
  memory->Remember(std::vector<Fingerprint>{one});
  for (std::size_t byte = 0; byte < 16; ++byte) {
    Fingerprint other = one;
    other.bytes[byte] ^= 1U;
    bool known = true;
    memory->Ask(std::vector<Fingerprint>{other}, {&known, 1}, [] {});
    EXPECT_FALSE(known) << byte;
  }
  EXPECT_TRUE(Knows(1));
}

TEST_F(LocalMemoryTest, ForgetsWithTimeCountedFromTheFirst) {
  Make(1 << 16);
  Remember(1);
  now += std::chrono::seconds(99);
  Remember(1);
  EXPECT_TRUE(Knows(1));
  now += std::chrono::seconds(1);
  EXPECT_FALSE(Knows(1));
}

// Kafka does not have what was in the topic before.
TEST_F(LocalMemoryTest, ATopicThatHasShrunkMakesItForget) {
  Make(1 << 16);
  memory->Look({5, 7});
  Remember(1);
  memory->Look({5, 9});
  EXPECT_TRUE(Knows(1));
  memory->Look({6, 0});
  EXPECT_FALSE(Knows(1));
  now += std::chrono::seconds(1);
  Remember(1);
  EXPECT_TRUE(Knows(1));
  memory->Look({});  // it is gone
  EXPECT_FALSE(Knows(1));
}

TEST_F(LocalMemoryTest, FullItForgetsTheOldest) {
  Make(1);  // one row of 8
  for (int i = 1; i <= 9; ++i) {
    Remember(i);
    now += std::chrono::seconds(1);
  }
  EXPECT_FALSE(Knows(1));
  for (int i = 2; i <= 9; ++i) EXPECT_TRUE(Knows(i)) << i;
  EXPECT_EQ(memory->entries(), 8U);
}

}  // namespace
}  // namespace semel::ingest
