#include "postgres/row_encoder.h"

#include <gtest/gtest.h>

#include <array>

namespace semel::postgres {
namespace {

using namespace std::string_view_literals;

std::vector<Column> Columns(std::initializer_list<const char*> texts) {
  std::vector<Column> columns;
  for (const char* text : texts) columns.push_back(*ParseColumn(text));
  return columns;
}

RowEncoder Encoder(std::vector<Column> columns, const KeyRule& key = {}) {
  auto encoder = RowEncoder::Open(std::move(columns), "orders", key);
  EXPECT_TRUE(encoder);
  return std::move(*encoder);
}

std::string Row(RowEncoder encoder, const Record& record) {
  std::string out = "before\n";
  const std::string* const why = encoder.Append(record, out);
  if (why == nullptr) return out.substr(7);
  EXPECT_EQ(out, "before\n");
  return "! " + *why;
}

Record Of(Bytes value) {
  return {.partition = 3,
          .offset = 42,
          .timestamp_ms = 1764000000123,
          .key = "k",
          .value = value,
          .headers = {}};
}

TEST(RowEncoder, WritesTheColumnsInTheirOrder) {
  EXPECT_EQ(Row(Encoder(Columns({"at=timestamp", "p=partition", "o=offset", "t=topic", "k=key",
                                 "id:bigint=json:/id", "name=json:/user/name", "all=value"})),
                Of(R"({"id": 7, "user": {"name": "A\tB"}})")),
            "2025-11-24 16:00:00.123+00:00\t3\t42\torders\tk\t7\tA\\tB\t"
            "{\"id\": 7, \"user\": {\"name\": \"A\\\\tB\"}}\n");
}

TEST(RowEncoder, WhatIsAbsentIsNull) {
  Record record = Of(std::nullopt);
  record.key = std::nullopt;
  record.timestamp_ms = -1;
  EXPECT_EQ(Row(Encoder(Columns({"a=json:/a", "v=value", "t:text=value", "k=key", "h=header:h",
                                 "at=timestamp"})),
                record),
            "\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n");
  EXPECT_EQ(Row(Encoder(Columns({"a=json:/a", "b=json:/b"})), Of(R"({"a":null})")), "\\N\t\\N\n");
}

TEST(RowEncoder, TakesTheLastHeader) {
  const std::array<Header, 3> headers = {Header{"h", "1"}, {"h", "2"}, {"x", "3"}};
  Record record = Of("{}");
  record.headers = headers;
  EXPECT_EQ(Row(Encoder(Columns({"h=header:h"})), record), "2\n");
}

TEST(RowEncoder, TheFingerprintIsThatOfTheKeyRule) {
  const KeyRule key{.parts = {"json:/id"}};
  Record record = Of(R"({"id":"a"})");
  auto fingerprinter = Fingerprinter::Open(key);
  const std::string expected = ToHex(fingerprinter->Identify(record).fingerprint, 128);
  EXPECT_EQ(Row(Encoder(Columns({"f=fingerprint"}), key), record), expected + "\n");
  // Without a key it has none: all such records would be copies of one another.
  EXPECT_EQ(Row(Encoder(Columns({"f=fingerprint"}), key), Of("{}")), "\\N\n");
  EXPECT_TRUE(Row(Encoder(Columns({"f=fingerprint"}), key), Of("{")).starts_with("! "));
}

TEST(RowEncoder, SaysWhyThereIsNoRow) {
  EXPECT_EQ(Row(Encoder(Columns({"n:bigint=json:/n"})), Of(R"({"n":"x"})")),
            "! column n: is no whole number of 64 bits");
  EXPECT_TRUE(
      Row(Encoder(Columns({"n=json:/n"})), Of("not json")).starts_with("! the value is no"));
  EXPECT_TRUE(Row(Encoder(Columns({"n=json:/n"})), Of("")).starts_with("! the value is no"));
  EXPECT_TRUE(
      Row(Encoder(Columns({"n=value"})), Of(R"({"a":1}{)")).starts_with("! the value is no"));
  EXPECT_TRUE(Row(Encoder(Columns({"n=json:/n"})), Of("\0\0\0\0\x07{}"sv))
                  .starts_with("! the value is no JSON: it begins as Schema Registry"));
  EXPECT_EQ(Row(Encoder(Columns({"v:text=value"})), Of("\xff")),
            "! column v: is no text: it is not UTF-8, or holds a zero byte");
  EXPECT_TRUE(Row(Encoder(Columns({"v=value"})), Of("{\"a\":\"\xff\"}")).starts_with("! "));
}

TEST(RowEncoder, KnowsColumnsThatMustNotBeNull) {
  auto columns = Columns({"a=json:/a"});
  columns.front().not_null = true;
  EXPECT_EQ(Row(Encoder(columns), Of(R"({"a":null})")), "! column a: is null or absent");
  EXPECT_EQ(Row(Encoder(columns), Of("{}")), "! column a: is null or absent");
  EXPECT_EQ(Row(Encoder(columns), Of(R"({"a":"\\N"})")), "\\\\N\n");
}

TEST(RowEncoder, TheWholeValueIsWithoutAByteOrderMark) {
  EXPECT_EQ(Row(Encoder(Columns({"v=value"})), Of("\xef\xbb\xbf {\"a\":1} ")), "{\"a\":1}\n");
}

}  // namespace
}  // namespace semel::postgres
