#include "fingerprint/key_part.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace semel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> PathOf(std::string_view part) { return ParseKeyPart(part)->path; }

TEST(KeyPart, Kinds) {
  EXPECT_EQ(ParseKeyPart("value")->kind, KeyPart::Kind::kValue);
  EXPECT_EQ(ParseKeyPart("key")->kind, KeyPart::Kind::kKey);
  EXPECT_EQ(ParseKeyPart("header:a:b")->kind, KeyPart::Kind::kHeader);
  EXPECT_EQ(ParseKeyPart("header:a:b")->header_name, "a:b");
  EXPECT_EQ(ParseKeyPart("header:")->header_name, "");
  EXPECT_EQ(ParseKeyPart("json:x")->kind, KeyPart::Kind::kJson);
}

TEST(KeyPart, Paths) {
  EXPECT_THAT(PathOf("json:"), IsEmpty());
  EXPECT_THAT(PathOf("json:/"), ElementsAre(""));
  EXPECT_THAT(PathOf("json://"), ElementsAre("", ""));
  EXPECT_THAT(PathOf("json:/a/b.c"), ElementsAre("a", "b.c"));
  EXPECT_THAT(PathOf("json:a.0.b"), ElementsAre("a", "0", "b"));
  EXPECT_THAT(PathOf("json:."), ElementsAre("", ""));
  EXPECT_THAT(PathOf("json:a~b.c/d"), ElementsAre("a~b", "c/d"));
  EXPECT_THAT(PathOf("json:/~01~10~0~1"), ElementsAre("~1/0~/"));
}

TEST(KeyPart, ErrorsQuoteThePart) {
  for (const char* bad : {"", "Value", "value ", " key", "json", "header", "jsn:/x", "/x",
                          "json:/~", "json:/a~/b", "json:/~2", "json:/\xff"}) {
    const Result<KeyPart> part = ParseKeyPart(bad);
    ASSERT_FALSE(part) << bad;
    EXPECT_EQ(part.error().action, Action::kFix);
    EXPECT_THAT(part.error().message, HasSubstr(std::string("'") + bad + "'"));
  }
}

}  // namespace
}  // namespace semel
