#include "redis/claim_script.h"

#include <gtest/gtest.h>

#include <limits>

namespace semel::redis {
namespace {

// The bytes of docs/formats/redis_claims.md: what is in a Redis today must be found tomorrow.
TEST(ClaimFormat, IsAsDrawn) {
  RuleIdentity rule{.window_ms = 604'800'000, .bits = 128};
  for (std::size_t i = 0; i < rule.rule_hash.size(); ++i)
    rule.rule_hash[i] = static_cast<std::uint8_t>(i);
  const std::string prefix = KeyPrefix("payments", rule, "c1/in");
  EXPECT_EQ(prefix, "semel:payments:0df9117d:");
  Fingerprint fingerprint;
  for (std::size_t i = 0; i < fingerprint.bytes.size(); ++i)
    fingerprint.bytes[i] = static_cast<std::uint8_t>('a' + i);
  EXPECT_EQ(EventKey(prefix, fingerprint, 128), prefix + "abcdefghijklmnop");
  EXPECT_EQ(EventKey(prefix, fingerprint, 256).size(), prefix.size() + 32);
  EXPECT_EQ(MarkerKey(prefix, 12), prefix + "partition:12");
  EXPECT_EQ(FormatClaim({12, 34'567, 1'700'000'000'000}), "12/34567/1700000000000");
}

TEST(ClaimFormat, AnotherRuleHasOtherKeys) {
  const RuleIdentity rule{.window_ms = 1000, .bits = 128};
  RuleIdentity other = rule;
  other.rule_hash[15] = 1;
  EXPECT_NE(KeyPrefix("g", rule, "c1/in"), KeyPrefix("g", other, "c1/in"));
  EXPECT_NE(KeyPrefix("g", rule, "c1/in"),
            KeyPrefix("g", {.window_ms = 1001, .bits = 128}, "c1/in"));
  EXPECT_NE(KeyPrefix("g", rule, "c1/in"),
            KeyPrefix("g", {.window_ms = 1000, .bits = 256}, "c1/in"));
  EXPECT_NE(KeyPrefix("g", rule, "c1/in"), KeyPrefix("h", rule, "c1/in"));
  EXPECT_NE(KeyPrefix("g", rule, "c1/in"), KeyPrefix("g", rule, "c2/in"));
}

TEST(ClaimFormat, ReadsBackAndNothingElse) {
  const Claim large{std::numeric_limits<std::int32_t>::max(),
                    std::numeric_limits<std::int64_t>::max(), 9'007'199'254'740'992};
  EXPECT_EQ(ParseClaim(FormatClaim(large)), large);
  for (const char* text : {"", "/", "//", "1/2", "1/2/", "1//3", "/2/3", "a/2/3", "1/2/3/4",
                           "-1/2/3", "1/-2/3", " 1/2/3", "1/2/3 "})
    EXPECT_FALSE(ParseClaim(text)) << text;
}

}  // namespace
}  // namespace semel::redis
