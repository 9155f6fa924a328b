// Which values are one JSON text: asked of `json:/x` and of `json:`, as what is off the path must
// be checked no less than what is on it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "identify.h"

namespace semel::testing {
namespace {

using namespace std::string_literals;

std::string Nested(int depth, const std::string& open, const std::string& close) {
  std::string text;
  for (int i = 0; i < depth; ++i) text += open;
  for (int i = 0; i < depth; ++i) text += close;
  return text;
}

/// `{"a":[{"a":[ ... ]}]}`, `depth` containers in all.
std::string NestedMixed(int depth) {
  std::string text = "1";
  for (int i = depth; i > 0; --i) text = i % 2 == 1 ? "{\"a\":" + text + "}" : "[" + text + "]";
  return text;
}

/// Every place a value may stand in, so that each path through the scanner meets it.
std::vector<std::string> Places(const std::string& value) {
  return {value,
          " \t\r\n" + value + " \n",
          "\xef\xbb\xbf" + value,
          "[" + value + "]",
          "[0, " + value + " ,0]",
          "{\"x\":" + value + "}",
          "{\"y\":" + value + ",\"x\":1}",
          "{\"x\":[{\"y\": " + value + " }]}",
          "{\"pad\":\"0123456789012345678901234567890123456789\",\"y\":" + value +
              ",\"pad2\":\"01234567890123456789012345678901234567890\"}"};
}

class ValidValue : public ::testing::TestWithParam<std::string> {};

TEST_P(ValidValue, IsTakenEverywhere) {
  for (const std::string& place : Places(GetParam())) {
    EXPECT_NE(OutcomeOf({"json:/x"}, place), "invalid") << Readable(place);
    EXPECT_NE(OutcomeOf({"json:"}, place), "invalid") << Readable(place);
  }
}

INSTANTIATE_TEST_SUITE_P(Scalars, ValidValue,
                         ::testing::Values("null", "true", "false", "0", "-0", "0.0", "-0.0e-3",
                                           "0e5", "0E+5", "1e5", "1E-05", "1e00000000000000000007",
                                           "-1.5", "123456789012345678901234567890", "0.1e1",
                                           "0e99999999999999999999", "-0.000E-99999999999"));
INSTANTIATE_TEST_SUITE_P(Strings, ValidValue,
                         ::testing::Values(R"("")", R"("\"\\\/\b\f\n\r\t")", R"("\u0000")",
                                           R"("\uD83D\uDE00")", R"("\u00e9\u00E9")", "\"\x7f\"",
                                           "\"\xc2\x80\xdf\xbf\"", "\"\xe0\xa0\x80\xed\x9f\xbf\"",
                                           "\"\xee\x80\x80\xef\xbf\xbf\"", "\"\xef\xbb\xbf\"",
                                           "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
                                           R"("a long string with the escape \" late in it \\")"));
INSTANTIATE_TEST_SUITE_P(Containers, ValidValue,
                         ::testing::Values("[]", "{}", "[ ]", "{ }", "[[],{}]", R"({"":""})",
                                           "[1\t,\r2\n, 3 ]", R"({ "a" : 1 , "b" : [ ] })"));

class InvalidValue : public ::testing::TestWithParam<std::string> {};

TEST_P(InvalidValue, IsRefusedEverywhere) {
  for (const std::string& place : Places(GetParam())) {
    EXPECT_EQ(OutcomeOf({"json:/x"}, place), "invalid") << Readable(place);
    EXPECT_EQ(OutcomeOf({"json:/no/such/path", "key"}, place), "invalid") << Readable(place);
    EXPECT_EQ(OutcomeOf({"json:"}, place), "invalid") << Readable(place);
  }
}

INSTANTIATE_TEST_SUITE_P(Literals, InvalidValue,
                         ::testing::Values("tru", "truE", "True", "nul", "nulll", "fals", "falsey",
                                           "NaN", "Infinity", "-Infinity", "undefined", "'a'", "a",
                                           "true false", "1 2", "\"a\"\"b\""));
INSTANTIATE_TEST_SUITE_P(Numbers, InvalidValue,
                         ::testing::Values("01", "-01", "00", "-", "+1", "1.", ".5", "-.5", "1.e5",
                                           "1e", "1e+", "1E-", "1e5.0", "0x10", "1_000", "1,000,",
                                           "--1", "1-", "0e", "1..2", "\xd9\xa1"));
INSTANTIATE_TEST_SUITE_P(Strings, InvalidValue,
                         ::testing::Values("\"", "\"a", "a\"", R"("\q")", R"("\x41")", R"("\u123")",
                                           R"("\u12g4")", R"("\U0041")", R"("\")", R"("\u")",
                                           R"("\'")", "\"\\\n\"", "\"\n\"", "\"\t\"", "\"\x01\"",
                                           "\"\x1f\"", "\"a\0b\""s, "\"\\\0\""s));
INSTANTIATE_TEST_SUITE_P(Utf8, InvalidValue,
                         ::testing::Values("\"\xff\"", "\"\x80\"", "\"\xc0\x80\"", "\"\xc1\xbf\"",
                                           "\"\xc3\"", "\"\xe0\x80\x80\"", "\"\xe0\x9f\xbf\"",
                                           "\"\xed\xa0\x80\"", "\"\xed\xb0\x80\"",
                                           "\"\xed\xa0\xbd\xed\xb8\x80\"", "\"\xe2\x82\"",
                                           "\"\xf0\x80\x80\x80\"", "\"\xf0\x8f\xbf\xbf\"",
                                           "\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"",
                                           "\"\xf0\x9f\x98\"", "\"\xfe\"", "\xc2\xa0"));
INSTANTIATE_TEST_SUITE_P(Containers, InvalidValue,
                         ::testing::Values("[", "{", "]", "}", "[1", "[1,", "[1,]", "[,1]", "[,]",
                                           "[1 2]", "[1:2]", "{\"a\"", "{\"a\":", "{\"a\":1",
                                           "{\"a\":1,", "{\"a\":1,}", "{,}", "{,\"a\":1}", "{1:2}",
                                           "{a:1}", "{\"a\" 1}", "{\"a\",1}", "{\"a\":1 \"b\":2}",
                                           "{\"a\":}", "{\"a\"::1}", "{null:1}", "[1}", "{\"a\":1]",
                                           "[}", "{]", "{\"a\":1}}", "[1]]", "{\"\\q\":1}",
                                           "// no\n1", "1 // no", "/**/1"));
INSTANTIATE_TEST_SUITE_P(Bytes, InvalidValue,
                         ::testing::Values("\0"s, "1\0"s, "\0\0\0\0\x07{\"x\":1}"s,
                                           "\x0b"
                                           "1",
                                           "\x0c"
                                           "1",
                                           "\xef\xbb\xbf\xef\xbb\xbf", "\xef\xbb"));

TEST(Validity, NothingIsNoText) {
  EXPECT_EQ(OutcomeOf({"json:"}, ""), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, " \n"), "invalid");
}

TEST(Validity, ByteOrderMarkOnlyAtTheVeryBeginning) {
  const std::string mark = "\xef\xbb\xbf";
  EXPECT_EQ(OutcomeOf({"json:"}, mark + " 1"), "ok");
  EXPECT_EQ(OutcomeOf({"json:"}, mark), "invalid");
  EXPECT_EQ(OutcomeOf({"json:"}, mark + " "), "invalid");
  EXPECT_EQ(OutcomeOf({"json:"}, mark + mark + "1"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:"}, " " + mark + "1"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:"}, "1" + mark), "invalid");
  EXPECT_EQ(Identify({"json:"}, mark + "1"), Identify({"json:"}, "1"));
  EXPECT_NE(Identify({"value"}, mark + "1"), Identify({"value"}, "1"));
}

TEST(Validity, NestedAtMost64Deep) {
  EXPECT_EQ(OutcomeOf({"json:"}, Nested(64, "[", "]")), "ok");
  EXPECT_EQ(OutcomeOf({"json:"}, Nested(65, "[", "]")), "invalid");
  EXPECT_EQ(OutcomeOf({"json:"}, NestedMixed(64)), "ok");
  EXPECT_EQ(OutcomeOf({"json:"}, NestedMixed(65)), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, "{\"y\":" + Nested(63, "[", "]") + ",\"x\":1}"), "ok");
  EXPECT_EQ(OutcomeOf({"json:/x"}, "{\"x\":1,\"y\":" + Nested(64, "[", "]") + "}"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, "{\"x\":1,\"y\":" + NestedMixed(63) + "}"), "ok");
  // Depth, not number: what is closed does not count.
  std::string many = "[";
  for (int i = 0; i < 200; ++i) many += "[[]],{},";
  EXPECT_EQ(OutcomeOf({"json:"}, many + "1]"), "ok");
}

TEST(Validity, EveryPrefixOfADocumentIsInvalid) {
  const std::string document =
      R"( {"x" : [1.5e-3, "a\u00e9\n", true], "long name of a member that is off the path": null} )";
  for (std::size_t size = 0; size + 1 < document.size(); ++size) {
    EXPECT_EQ(OutcomeOf({"json:/x"}, document.substr(0, size)), "invalid") << size;
  }
}

TEST(Validity, OffThePathLoneSurrogatesAndLargeNumbersAreAllowed) {
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":1,"y":"\ud800"})"), "ok");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":1,"\ud800":2})"), "ok");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":1,"\udc00":2,"\udc00":3})"), "ok");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":1,"y":1e9999999999})"), "ok");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":1,"y":{"a":1,"a":2}})"), "ok");
}

}  // namespace
}  // namespace semel::testing
