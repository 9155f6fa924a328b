#include "postgres/convert.h"

#include <gtest/gtest.h>

namespace semel::postgres {
namespace {

constexpr const char* kNull = "\\N";

std::string As(ColumnType type, std::string_view json) {
  FieldConverter converter;
  std::string out;
  const char* const why = converter.Append(json, type, out);
  return why == nullptr ? out : std::string("! ") + why;
}

bool Refused(ColumnType type, std::string_view json) { return As(type, json).starts_with("! "); }

TEST(Convert, NullIsNullInEveryType) {
  for (const auto type : {ColumnType::kText, ColumnType::kBigint, ColumnType::kNumeric,
                          ColumnType::kBoolean, ColumnType::kTimestamptz, ColumnType::kJsonb})
    EXPECT_EQ(As(type, "null"), kNull);
}

TEST(Convert, TextIsTheCharactersOfAStringAndTheJsonOfAllElse) {
  EXPECT_EQ(As(ColumnType::kText, R"("a b")"), "a b");
  EXPECT_EQ(As(ColumnType::kText, R"("")"), "");
  EXPECT_EQ(As(ColumnType::kText, R"("null")"), "null");
  EXPECT_EQ(As(ColumnType::kText, R"("a\tb\n\u0416\ud83e\udd8a\\")"), "a\\tb\\nЖ🦊\\\\");
  EXPECT_EQ(As(ColumnType::kText, "1.50"), "1.50");
  EXPECT_EQ(As(ColumnType::kText, "true"), "true");
  EXPECT_EQ(As(ColumnType::kText, "{\"a\":\n[1]}"), "{\"a\":\\n[1]}");
  EXPECT_EQ(As(ColumnType::kText, R"("a\u0000b")"), "! has the character \\u0000");
  EXPECT_TRUE(Refused(ColumnType::kText, R"("\ud83e")"));
}

TEST(Convert, BigintTakesWhateverIsAWholeNumber) {
  EXPECT_EQ(As(ColumnType::kBigint, "0"), "0");
  EXPECT_EQ(As(ColumnType::kBigint, "-0"), "0");
  EXPECT_EQ(As(ColumnType::kBigint, "9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(As(ColumnType::kBigint, "-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(As(ColumnType::kBigint, R"("42")"), "42");
  EXPECT_EQ(As(ColumnType::kBigint, "5.0"), "5");
  EXPECT_EQ(As(ColumnType::kBigint, "1e3"), "1000");
  EXPECT_EQ(As(ColumnType::kBigint, "-12.5E1"), "-125");
  EXPECT_EQ(As(ColumnType::kBigint, "10.20e2"), "1020");
  EXPECT_EQ(As(ColumnType::kBigint, "0.0e99999999999"), "0");
  EXPECT_EQ(As(ColumnType::kBigint, "1200000e-5"), "12");
  EXPECT_EQ(As(ColumnType::kBigint, "9007199254740993.0"), "9007199254740993");
}

TEST(Convert, BigintRefusesAllElse) {
  for (const char* json :
       {"9223372036854775808", "-9223372036854775809", "1e19", "1e999999999999", "0.5", "12.5",
        "5e-1", "1e-999999999999", "100000000000000000000", R"("")", R"("x")", R"(" 1")", R"("+1")",
        R"("1_000")", "true", "[1]", "{}", "123456789012345678901234567890"})
    EXPECT_TRUE(Refused(ColumnType::kBigint, json)) << json << " " << As(ColumnType::kBigint, json);
}

TEST(Convert, NumericKeepsEveryDigit) {
  EXPECT_EQ(As(ColumnType::kNumeric, "12345678901234567890.12345678901234567890"),
            "12345678901234567890.12345678901234567890");
  EXPECT_EQ(As(ColumnType::kNumeric, "1.50"), "1.50");
  EXPECT_EQ(As(ColumnType::kNumeric, "-1E+10"), "-1E+10");
  EXPECT_EQ(As(ColumnType::kNumeric, R"("0.1")"), "0.1");
  EXPECT_EQ(As(ColumnType::kNumeric, "1e131071"), "1e131071");
  for (const char* json :
       {"1e131073", "1e-16384", "1e99999999999999999999", R"("NaN")", R"("Infinity")", R"("1,5")",
        R"("0x10")", R"("01")", R"("1.")", R"(".5")", R"("")", "true", "[]"})
    EXPECT_TRUE(Refused(ColumnType::kNumeric, json)) << json;
  EXPECT_TRUE(Refused(ColumnType::kNumeric, std::string(131073, '9')));
  EXPECT_TRUE(Refused(ColumnType::kNumeric, "0." + std::string(16384, '9')));
}

TEST(Convert, Boolean) {
  EXPECT_EQ(As(ColumnType::kBoolean, "true"), "t");
  EXPECT_EQ(As(ColumnType::kBoolean, R"("false")"), "f");
  for (const char* json : {"1", "0", R"("yes")", R"("TRUE")", R"("")", "[]"})
    EXPECT_TRUE(Refused(ColumnType::kBoolean, json)) << json;
}

TEST(Convert, TimestampIsIsoOrMilliseconds) {
  EXPECT_EQ(As(ColumnType::kTimestamptz, R"("2026-11-23T12:28:33Z")"), "2026-11-23 12:28:33+00:00");
  // As System.Text.Json writes a plus.
  EXPECT_EQ(As(ColumnType::kTimestamptz, R"("2026-11-23T12:28:33\u002B03:00")"),
            "2026-11-23 12:28:33+03:00");
  EXPECT_EQ(As(ColumnType::kTimestamptz, "1764000000123"), "2025-11-24 16:00:00.123+00:00");
  EXPECT_EQ(As(ColumnType::kTimestamptz, R"("1764000000123")"), "2025-11-24 16:00:00.123+00:00");
  for (const char* json : {"1.5", "1e30", R"("now")", R"("epoch")", "false", "{}", R"("\ud800")"})
    EXPECT_TRUE(Refused(ColumnType::kTimestamptz, json)) << json;
}

TEST(Convert, JsonbIsTheTextButForWhatPostgresCannotKeep) {
  EXPECT_EQ(As(ColumnType::kJsonb, R"({"a":"x\ny"})"), R"({"a":"x\\ny"})");
  EXPECT_EQ(As(ColumnType::kJsonb, R"("\ud83e\udd8a")"), R"("\\ud83e\\udd8a")");
  EXPECT_EQ(As(ColumnType::kJsonb, R"(["\\u0000"])"), R"(["\\\\u0000"])");  // an escaped backslash
  EXPECT_EQ(As(ColumnType::kJsonb, R"({"a":"\\","b":"u0000"})"), R"({"a":"\\\\","b":"u0000"})");
  EXPECT_TRUE(Refused(ColumnType::kJsonb, R"({"a":["\u0000"]})"));
  EXPECT_TRUE(Refused(ColumnType::kJsonb, R"({"a\u0000":1})"));
  EXPECT_TRUE(Refused(ColumnType::kJsonb, R"({"a":"\ud83e","b":"\udd8a"})"));
  EXPECT_TRUE(Refused(ColumnType::kJsonb, R"(["\udd8a"])"));
}

}  // namespace
}  // namespace semel::postgres
