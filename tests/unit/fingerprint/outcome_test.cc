// ok, missing or invalid: paths, twins, and what wins over what.
#include <gtest/gtest.h>

#include <string>

#include "identify.h"

namespace semel::testing {
namespace {

TEST(Paths, LeadThroughObjectsAndArrays) {
  const std::string document =
      R"({"a":{"b":[{"c":"x"},[10,11]]},"":{"":5},"0":"zero","-":"minus"})";
  for (const char* path : {"/a/b/0/c", "a.b.0.c", "/a/b/1/1", "/", "//", "/0", "0", "/-", "."}) {
    EXPECT_EQ(OutcomeOf({std::string("json:") + path}, document), "ok") << path;
  }
  for (const char* path : {"/a/c",
                           "/a/b/2",
                           "/a/b/-",
                           "/a/b/00",
                           "/a/b/01",
                           "/a/b/+1",
                           "/a/b/1.0",
                           "/a/b/ 1",
                           "/a/b/",
                           "/a/b/18446744073709551615",
                           "/a/b/18446744073709551616",
                           "/a/b/99999999999999999999999",
                           "/a/b/0x1",
                           "/a/b/0/c/",
                           "/a/b/0/c/0",
                           "/0/0",
                           "/A",
                           "///",
                           "a..b",
                           ".a",
                           "a."}) {
    EXPECT_EQ(OutcomeOf({std::string("json:") + path}, document), "missing") << path;
  }
}

TEST(Paths, EmptySegmentsAreNames) {
  EXPECT_EQ(Identify({"json:a..b"}, R"({"a":{"":{"b":7}}})"), Identify({"json:/x"}, R"({"x":7})"));
  EXPECT_EQ(Identify({"json:.a"}, R"({"":{"a":7}})"), Identify({"json:/x"}, R"({"x":7})"));
  EXPECT_EQ(Identify({"json:a."}, R"({"a":{"":7}})"), Identify({"json:/x"}, R"({"x":7})"));
  EXPECT_EQ(Identify({"json:/"}, R"({"":7})"), Identify({"json:/x"}, R"({"x":7})"));
  EXPECT_NE(Identify({"json:/"}, R"({"":7})"), Identify({"json:"}, R"({"":7})"));
}

TEST(Paths, TildeAndSlash) {
  const std::string document = R"({"a/b":1,"m~n":2,"~1":3,"a~1b":4,"~":5})";
  for (const char* path : {"/a~1b", "/m~0n", "/~01", "/a~01b", "/~0", "a/b", "m~n", "a~1b", "~"}) {
    EXPECT_EQ(OutcomeOf({std::string("json:") + path}, document), "ok") << path;
  }
  for (const char* path : {"/~", "/a~", "/~2", "/~~0", "/a~b", "/x/~/y"}) {
    EXPECT_EQ(OutcomeOf({std::string("json:") + path}, document), "bad rule") << path;
  }
}

TEST(Paths, NamesAreComparedDecoded) {
  EXPECT_EQ(OutcomeOf({"json:/id"}, R"({"\u0069\u0064":7})"), "ok");
  EXPECT_EQ(OutcomeOf({"json:/a\"b"}, R"({"a\"b":7})"), "ok");
  EXPECT_EQ(OutcomeOf({"json:/\xc3\xa9"}, R"({"\u00e9":7})"), "ok");
  EXPECT_EQ(OutcomeOf({"json:/\xf0\x9f\x98\x80"}, R"({"\ud83d\ude00":7})"), "ok");
  EXPECT_EQ(OutcomeOf({"json:/e\xcc\x81"}, R"({"\u00e9":7})"), "missing") << "not normalised";
  EXPECT_EQ(OutcomeOf({"json:/id"}, R"({"id\u0000":7})"), "missing");
  EXPECT_EQ(OutcomeOf({std::string("json:/i\0d", 9)}, R"({"i\u0000d":7})"), "ok");
  EXPECT_EQ(OutcomeOf({"json:/\\u0069d"}, R"({"id":7})"), "missing") << "a path has no escapes";
}

TEST(Paths, OnesThatAreNotUtf8AreBadRules) {
  EXPECT_EQ(OutcomeOf({"json:/\xff"}, "{}"), "bad rule");
  EXPECT_EQ(OutcomeOf({"json:\xed\xa0\x80"}, "{}"), "bad rule");
}

TEST(Missing, NullOrAbsentAndAllDifferent) {
  const std::string null_json = Identify({"json:/x"}, R"({"x":null})");
  const std::string absent = Identify({"json:/x"}, "{}");
  const std::string null_value =
      Identify(reference::Rule{.parts = {"json:/x"}}, reference::Event{});
  EXPECT_TRUE(null_json.starts_with("missing "));
  EXPECT_TRUE(absent.starts_with("missing "));
  EXPECT_TRUE(null_value.starts_with("missing "));
  EXPECT_NE(null_json, absent);
  EXPECT_NE(null_json, null_value);
  EXPECT_NE(absent, null_value);
  EXPECT_EQ(OutcomeOf({"json:"}, "null"), "missing");
  EXPECT_EQ(OutcomeOf({"json:/x/y"}, R"({"x":null})"), "missing");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":[null]})"), "ok");
  EXPECT_EQ(OutcomeOf({"json:/x"}, "[1]"), "missing");
  EXPECT_EQ(OutcomeOf({"json:/x"}, "\"x\""), "missing");
}

TEST(Missing, HeadersAndKeys) {
  const reference::Rule rule{.parts = {"header:a", "key"}};
  const std::vector<reference::Event> events = {
      {.key = "k", .headers = {{"a", "1"}}},
      {.key = "k", .headers = {{"a", "0"}, {"b", "x"}, {"a", "1"}}},
      {.key = "k", .headers = {{"a", "1"}, {"a", std::nullopt}}},
      {.key = "k", .headers = {{"a", std::nullopt}, {"a", "1"}}},
      {.key = "k", .headers = {{"A", "1"}}},
      {.key = std::nullopt, .headers = {{"a", "1"}}},
      {.key = "", .headers = {{"a", ""}}},
      {.key = "k", .headers = {{"a", "1"}, {"b", "x"}}},
  };
  std::vector<std::string> identities;
  for (const reference::Event& event : events) {
    identities.push_back(Identify(rule, event));
    EXPECT_EQ(identities.back(), reference::Fingerprint(rule, event));
  }
  EXPECT_EQ(identities[0], identities[1]) << "the last one counts";
  EXPECT_EQ(identities[0], identities[3]) << "the last one counts";
  EXPECT_TRUE(identities[2].starts_with("missing"));
  EXPECT_TRUE(identities[4].starts_with("missing"));
  EXPECT_NE(identities[2], identities[4]) << "null is not absent";
  EXPECT_TRUE(identities[5].starts_with("missing"));
  EXPECT_TRUE(identities[6].starts_with("ok"));
  EXPECT_EQ(identities[0], identities[7]) << "other headers do not count";
}

TEST(Twins, OnThePathAreInvalid) {
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":1,"x":1})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":1,"y":2,"\u0078":1})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":null,"x":null})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x/y"}, R"({"x":{"y":1},"x":5})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x/y"}, R"({"x":5,"x":{"y":1}})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x/y"}, R"({"x":5,"x":6})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x/y/z"}, R"({"x":{"y":1,"y":2}})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x/0/y"}, R"({"x":[{"y":1,"y":2}]})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/"}, R"({"":1,"":2})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/0"}, R"({"0":1,"0":2})"), "invalid");
}

TEST(Twins, InTheFoundValueAreInvalid) {
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":{"a":1,"a":1}})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":[[{"b":0,"a":1,"c":2,"\u0061":1}]]})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:"}, R"({"y":{"a":1,"a":1}})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":[{"a":1},{"a":1}]})"), "ok");
}

TEST(Twins, ElsewhereAreAllowed) {
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"y":1,"x":7,"y":2})"), "ok");
  EXPECT_EQ(OutcomeOf({"json:/x/y"}, R"({"x":{"y":1,"z":1,"z":2}})"), "ok");
  EXPECT_EQ(OutcomeOf({"json:/x/1/y"}, R"({"x":[{"y":1,"y":2},{"y":3}]})"), "ok");
  EXPECT_EQ(OutcomeOf({"json:/x/y"}, R"({"x":{"x":1,"x":2,"y":3},"y":4,"y":5})"), "ok");
  EXPECT_EQ(OutcomeOf({"json:/x/y"}, R"({"x":[{"y":1,"y":2}]})"), "missing");
}

TEST(Invalid, ValuesThatHaveNoCanonicalForm) {
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":"\ud800"})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":"\udc00"})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":"\ude00\ud83d"})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":"\ud83d\ud83d\ude00"})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":"\ud83d \ude00"})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":"\ud83d\n"})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":"\ud83d\u0041"})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":"\ud83d\ud83d"})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":"\udbff\ue000"})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":"\udbff\udfff\ud800\udc00"})"), "ok");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":[{"\ud800":1}]})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:"}, R"({"\ud800":1})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x"}, R"({"x":[1e1000000000]})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/\xef\xbf\xbd"}, R"({"\ud800":1})"), "missing");
}

TEST(Invalid, WinsOverMissing) {
  EXPECT_EQ(OutcomeOf({"json:/no", "json:/x"}, R"({"x":"\ud800"})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x", "json:/no"}, R"({"x":"\ud800"})"), "invalid");
  EXPECT_EQ(OutcomeOf({"key", "json:/x"}, "{"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/no", "json:/x"}, R"({"x":1,"x":2})"), "invalid");
  EXPECT_EQ(OutcomeOf({"json:/x", "key"}, R"({"x":1})"), "missing");
}

TEST(Parts, PathsMayMeet) {
  const std::string document = R"({"a":{"b":[1,2],"c":null}})";
  EXPECT_EQ(OutcomeOf({"json:/a", "json:/a/b", "json:/a/b/1", "json:/a"}, document), "ok");
  EXPECT_EQ(OutcomeOf({"json:", "json:/a/c"}, document), "missing");
  EXPECT_EQ(OutcomeOf({"json:a.b.0", "value", "json:/a/b/0"}, document), "ok");
}

TEST(Framing, IsSeen) {
  using namespace std::string_view_literals;
  EXPECT_TRUE(LooksLikeSchemaRegistryFraming("\0\0\0\0\x07{}"sv));
  EXPECT_TRUE(LooksLikeSchemaRegistryFraming("\0\0\0\0\x07"sv));
  EXPECT_FALSE(LooksLikeSchemaRegistryFraming("\0\0\0\0"sv));
  EXPECT_FALSE(LooksLikeSchemaRegistryFraming(""sv));
  EXPECT_FALSE(LooksLikeSchemaRegistryFraming("{\"x\":1}"sv));
}

}  // namespace
}  // namespace semel::testing
