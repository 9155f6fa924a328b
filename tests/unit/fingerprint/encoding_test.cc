// The bytes that are hashed, spelled out by hand: what both implementations could have wrong alike.
#include "fingerprint/encoding.h"

#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <array>
#include <string>

#include "identify.h"

namespace semel::testing {
namespace {

using namespace std::string_literals;

std::string Sha256Hex(const std::string& bytes, int bits = 128) {
  Fingerprint print;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), print.bytes.data());
  return ToHex(print, bits);
}

/// Of a rule with one part.
std::string Expected(const std::string& part) { return Sha256Hex("SEMEL\x01\x00\x01"s + part); }

TEST(Encoding, Varint) {
  const auto varint = [](std::uint64_t number) {
    std::string out;
    AppendVarint(out, number);
    return out;
  };
  EXPECT_EQ(varint(0), "\x00"s);
  EXPECT_EQ(varint(127), "\x7f");
  EXPECT_EQ(varint(128), "\x80\x01");
  EXPECT_EQ(varint(300), "\xac\x02");
  EXPECT_EQ(varint(16384), "\x80\x80\x01");
  EXPECT_EQ(varint(UINT64_MAX), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

TEST(Encoding, Parts) {
  EXPECT_EQ(Identify({"value"}, "hello"), "ok " + Expected("\x01\x05hello"));
  EXPECT_EQ(Identify({"value"}, std::string(200, 'x')),
            "ok " + Expected("\x01\xc8\x01"s + std::string(200, 'x')));
  EXPECT_EQ(Identify({"key"}, "x"), "missing " + Expected("\x02"));
  EXPECT_EQ(Identify({"header:a"}, "x"), "missing " + Expected("\0"s));
  EXPECT_EQ(Identify({"json:/a"}, "{}"), "missing " + Expected("\0"s));
  EXPECT_EQ(Identify({"key", "value"}, "x"),
            "missing " + Sha256Hex("SEMEL\x01\x00\x02\x02\x01\x01x"s));
}

TEST(Encoding, Scalars) {
  EXPECT_EQ(Identify({"json:"}, "null"), "missing " + Expected("\x10n"));
  EXPECT_EQ(Identify({"json:"}, "true"), "ok " + Expected("\x10t"));
  EXPECT_EQ(Identify({"json:"}, "false"), "ok " + Expected("\x10"s + "f"));
  EXPECT_EQ(Identify({"json:"}, "-0.0e-3"), "ok " + Expected("\x10"s + "d\x01" + "0"));
  EXPECT_EQ(Identify({"json:"}, "1500"), "ok " + Expected("\x10"s + "d\x04" + "15e2"));
  EXPECT_EQ(Identify({"json:"}, R"("")"), "ok " + Expected("\x10s\0"s));
  EXPECT_EQ(Identify({"json:"}, R"("\u0000\u00e9\/\ud83d\uDE00\"\\\b\f\n\r\t")"),
            "ok " + Expected("\x10s\x0f\0\xc3\xa9/\xf0\x9f\x98\x80\"\\\b\f\n\r\t"s));
}

TEST(Encoding, Containers) {
  EXPECT_EQ(Identify({"json:"}, "[]"), "ok " + Expected("\x10"s + "a\0"s));
  EXPECT_EQ(Identify({"json:"}, "{}"), "ok " + Expected("\x10o\0"s));
  EXPECT_EQ(Identify({"json:"}, "[null,[true]]"), "ok " + Expected("\x10"s + "a\x02na\x01t"));
  EXPECT_EQ(Identify({"json:"}, R"({"b":true,"":null,"a":{"z":false}})"),
            "ok " + Expected("\x10o\x03\x00n\x01"s + "ao\x01\x01zf\x01" + "bt"));
}

TEST(Encoding, NamesAreSortedByTheirBytes) {
  // By bytes: "a" < "aa" < "b" < U+E000 < U+1F600; UTF-16 units would swap the last two.
  EXPECT_EQ(
      Identify({"json:"}, R"({"\ud83d\ude00":null,"\ue000":null,"b":null,"aa":null,"a":null})"),
      "ok " + Expected("\x10o\x05\x01"s + "an\x02" + "aan\x01" + "bn\x03\xee\x80\x80n\x04" +
                       "\xf0\x9f\x98\x80n"));
}

TEST(Encoding, CountsOfTwoBytes) {
  std::string document = "[";
  std::string expected = "\x10"s + "a\xac\x02";
  for (int i = 0; i < 300; ++i) {
    document += i == 0 ? "null" : " , null";
    expected += "n";
  }
  EXPECT_EQ(Identify({"json:"}, document + "]"), "ok " + Expected(expected));

  std::string object = "{\"x\":{";
  std::string members;
  for (int i = 128; i > 0; --i) {
    const std::string name = std::to_string(1000 + i);
    object += "\"" + name + "\":null" + (i > 1 ? "," : "");
    members = "\x04" + name + "n" + members;
  }
  object += "},\"a\":null}";
  EXPECT_EQ(Identify({"json:"}, object),
            "ok " + Expected("\x10o\x02\x01"s + "an\x01xo\x80\x01" + members));
}

TEST(Encoding, NamespaceAndBits) {
  const reference::Rule rule{.parts = {"value"}, .name_space = "tenant", .bits = 256};
  const std::string encoding = "SEMEL\x01\x06tenant\x01\x01\x01x";
  EXPECT_EQ(Identify(rule, {.value = "x"}), "ok " + Sha256Hex(encoding, 256));
  EXPECT_EQ(Sha256Hex(encoding, 256).size(), 64u);
}

}  // namespace
}  // namespace semel::testing
