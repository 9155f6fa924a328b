#include "postgres/column.h"

#include <gtest/gtest.h>

namespace semel::postgres {
namespace {

using Source = Column::Source;

Column Parsed(std::string_view text) {
  const auto column = ParseColumn(text);
  EXPECT_TRUE(column) << text << ": " << column.error().message;
  return column ? *column : Column{};
}

TEST(Column, ReadsNameTypeAndSource) {
  const Column amount = Parsed("amount:numeric=json:/order/amount");
  EXPECT_EQ(amount.name, "amount");
  EXPECT_EQ(amount.type, ColumnType::kNumeric);
  EXPECT_EQ(amount.source, Source::kJson);
  EXPECT_EQ(amount.path, (std::vector<std::string>{"order", "amount"}));
  // A path may hold what separates elsewhere.
  EXPECT_EQ(Parsed("a=json:/x=y:text").path, (std::vector<std::string>{"x=y:text"}));
  EXPECT_EQ(Parsed("Name with spaces:text=json:a.b").name, "Name with spaces");
  EXPECT_EQ(Parsed("trace=header:trace-id").header, "trace-id");
}

TEST(Column, HasATypeWhereNoneIsSaid) {
  EXPECT_EQ(Parsed("a=json:/a").type, ColumnType::kText);
  EXPECT_EQ(Parsed("a=json:").type, ColumnType::kJsonb);
  EXPECT_EQ(Parsed("a=value").type, ColumnType::kJsonb);
  EXPECT_EQ(Parsed("a:text=value").source, Source::kValue);
  EXPECT_EQ(Parsed("a=key").type, ColumnType::kText);
  EXPECT_EQ(SqlType(Parsed("a=offset")), "bigint");
  EXPECT_EQ(SqlType(Parsed("a=partition")), "integer");
  EXPECT_EQ(SqlType(Parsed("a=timestamp")), "timestamptz");
  EXPECT_EQ(SqlType(Parsed("a=fingerprint")), "text");
}

TEST(Column, RefusesWhatItCannotRead) {
  for (const std::string& text :
       {std::string("amount"), std::string("=json:/a"), std::string("a:int=json:/a"),
        std::string("a:=json:/a"), std::string("a=json"), std::string("a=/a"), std::string("a="),
        std::string("a:text=offset"), std::string("a:bigint=key"), std::string("a:numeric=value"),
        std::string("a=json:/a~2"), std::string(64, 'a') + "=key"}) {
    const auto column = ParseColumn(text);
    ASSERT_FALSE(column) << text;
    EXPECT_EQ(column.error().action, Action::kFix);
    EXPECT_NE(column.error().message.find("--column '" + text + "'"), std::string::npos);
  }
}

TEST(Column, TheDefaultsHoldTheWholeEventAndWhereItIsFrom) {
  const auto columns = DefaultColumns();
  ASSERT_NE(FingerprintColumn(columns), nullptr);
  EXPECT_EQ(FingerprintColumn(columns)->name, "fingerprint");
  EXPECT_EQ(columns.front().name, "event");
  EXPECT_EQ(SqlType(columns.front()), "jsonb");
}

}  // namespace
}  // namespace semel::postgres
