#include "postgres/copy_text.h"

#include <gtest/gtest.h>

namespace semel::postgres {
namespace {

using namespace std::string_view_literals;

std::string Field(std::string_view bytes) {
  std::string out = "before|";
  AppendField(bytes, out);
  return out.substr(7);
}

TEST(CopyText, EscapesWhatWouldEndAFieldOrALine) {
  EXPECT_EQ(Field("a\tb\nc\rd\\e"), "a\\tb\\nc\\rd\\\\e");
  EXPECT_EQ(Field("\\N"), "\\\\N");  // not a NULL
  EXPECT_EQ(Field("\\."), "\\\\.");  // not the end of the data
  EXPECT_EQ(Field(""), "");
}

TEST(CopyText, LeavesEverythingElse) {
  EXPECT_EQ(Field("\x01\x1f\x7f\"'"), "\x01\x1f\x7f\"'");
  EXPECT_EQ(Field("Привет, 🦊"), "Привет, 🦊");
}

TEST(CopyText, EscapesAtEveryPlaceInABlock) {
  for (std::size_t at = 0; at < 40; ++at) {
    std::string bytes(40, 'x');
    bytes[at] = '\n';
    std::string expected(40, 'x');
    expected.replace(at, 1, "\\n");
    EXPECT_EQ(Field(bytes), expected) << at;
  }
}

TEST(CopyText, TextIsUtf8WithoutZeros) {
  std::string out = "kept";
  EXPECT_FALSE(AppendTextField("a\0b"sv, out));
  EXPECT_FALSE(AppendTextField("\xff\xfe", out));
  EXPECT_FALSE(AppendTextField("\xed\xa0\x80", out));  // half a surrogate pair
  EXPECT_FALSE(AppendTextField("\xc0\xaf", out));      // longer than it has to be
  EXPECT_EQ(out, "kept");
  EXPECT_TRUE(AppendTextField("\tж", out));
  EXPECT_EQ(out, "kept\\tж");
}

}  // namespace
}  // namespace semel::postgres
