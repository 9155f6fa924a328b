#include "sink/table.h"

#include <gtest/gtest.h>

namespace semel::sink {
namespace {

TEST(Table, PositionsAreInTheSchemaOfTheRows) {
  EXPECT_EQ(ParseTable("orders")->QuotedOffsets(), "\"semel_offsets\"");
  EXPECT_EQ(ParseTable("shop.Orders")->Quoted(), "\"shop\".\"Orders\"");
  EXPECT_EQ(ParseTable("shop.Orders")->QuotedOffsets(), "\"shop\".\"semel_offsets\"");
}

TEST(Table, RefusesWhatIsNoName) {
  for (const char* text : {"", ".", "a.", ".a", "a.b.c", "semel_offsets", "shop.semel_offsets"})
    EXPECT_FALSE(ParseTable(text)) << text;
}

TEST(Table, QuotesWhatCouldEndAName) {
  TableSpec spec = *ParseTable("a\"; DROP TABLE x; --");
  spec.columns = {*postgres::ParseColumn("b\"c=key")};
  EXPECT_EQ(CreateSql(spec).find("CREATE TABLE IF NOT EXISTS \"a\"\"; DROP TABLE x; --\" "
                                 "(\"b\"\"c\" text); "),
            0U);
}

TEST(Table, UniqueNeedsAFingerprint) {
  TableSpec spec = *ParseTable("orders");
  spec.unique = true;
  spec.columns = {*postgres::ParseColumn("k=key")};
  EXPECT_FALSE(CheckColumns(spec));
  spec.columns.push_back(*postgres::ParseColumn("f=fingerprint"));
  EXPECT_TRUE(CheckColumns(spec));
  EXPECT_NE(CreateSql(spec).find("\"f\" text UNIQUE"), std::string::npos);
}

TEST(Table, RefusesTwoColumnsOfOneName) {
  TableSpec spec = *ParseTable("orders");
  spec.columns = {*postgres::ParseColumn("k=key"), *postgres::ParseColumn("k=topic")};
  EXPECT_FALSE(CheckColumns(spec));
}

}  // namespace
}  // namespace semel::sink
