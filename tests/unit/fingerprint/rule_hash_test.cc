#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "semel/fingerprint.h"

namespace semel {
namespace {

std::array<std::uint8_t, 16> HashOf(const KeyRule& rule) {
  Result<Fingerprinter> fingerprinter = Fingerprinter::Open(rule);
  EXPECT_TRUE(fingerprinter);
  return fingerprinter->RuleHash();
}

TEST(RuleHash, DiffersWhereFingerprintsCan) {
  const std::vector<KeyRule> rules = {
      {},
      {.parts = {"key"}},
      {.parts = {"value", "key"}},
      {.parts = {"key", "value"}},
      {.parts = {"value", "value"}},
      {.parts = {"header:a"}},
      {.parts = {"header:"}},
      {.parts = {"header:a", "header:b"}},
      {.parts = {"json:"}},
      {.parts = {"json:/"}},
      {.parts = {"json:/a"}},
      {.parts = {"json:/a/b"}},
      {.parts = {"json:/a~1b"}},
      {.parts = {"json:/a", "json:/b"}},
      {.name_space = "a"},
      {.bits = 256},
      {.secret = "a"},
      {.secret = "b"},
      {.name_space = "a", .secret = "a"},
  };
  std::set<std::array<std::uint8_t, 16>> hashes;
  for (const KeyRule& rule : rules) hashes.insert(HashOf(rule));
  EXPECT_EQ(hashes.size(), rules.size());
}

TEST(RuleHash, IsTheSameForTheSameRule) {
  EXPECT_EQ(HashOf({.parts = {"json:/a/0"}}), HashOf({.parts = {"json:a.0"}}));
  EXPECT_EQ(HashOf({.secret = "s"}), HashOf({.secret = "s"}));
}

// Changelogs hold it: a change of these bytes makes every one of them refuse its own rule.
TEST(RuleHash, IsGolden) {
  const auto hex = [](const KeyRule& rule) {
    Fingerprint print;
    const auto hash = HashOf(rule);
    std::copy(hash.begin(), hash.end(), print.bytes.begin());
    return ToHex(print, 128);
  };
  EXPECT_EQ(hex({}), "378c7be527bfcd98c5514e18e85b08d2");
  EXPECT_EQ(hex({.parts = {"json:/user/id", "header:tenant", "key"},
                 .name_space = "prod",
                 .bits = 256,
                 .secret = "secret"}),
            "0ba81854c26a3b301f2a3be6721935b6");
}

TEST(Open, ErrorsSayWhatToFix) {
  const std::vector<std::pair<KeyRule, std::string>> bad = {
      {{.parts = {}}, "at least one part"},
      {{.parts = {"value", "json:/~"}}, "json:/~"},
      {{.bits = 64}, "64"},
      {{.bits = 0}, "0"},
  };
  for (const auto& [rule, text] : bad) {
    const Result<Fingerprinter> fingerprinter = Fingerprinter::Open(rule);
    ASSERT_FALSE(fingerprinter);
    EXPECT_EQ(fingerprinter.error().action, Action::kFix);
    EXPECT_THAT(fingerprinter.error().message, ::testing::HasSubstr(text));
  }
}

}  // namespace
}  // namespace semel
