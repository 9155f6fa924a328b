#include "postgres/connection.h"

#include <gtest/gtest.h>

namespace semel::postgres {
namespace {

TEST(Conninfo, TakesWhatLibpqTakes) {
  for (const char* text : {"", "postgresql://app@db:5433/shop?sslmode=verify-full",
                           "postgres://db/shop", "host=db dbname=shop user=app", "service=shop"})
    EXPECT_TRUE(CheckConninfo(text)) << text;
}

TEST(Conninfo, RefusesPasswordsWithoutRepeatingThem) {
  for (const char* text :
       {"postgresql://app:hunter2@db/shop", "host=db password=hunter2",
        "postgresql://db/shop?password=hunter2", "host=db sslpassword=hunter2"}) {
    const auto checked = CheckConninfo(text);
    ASSERT_FALSE(checked) << text;
    EXPECT_EQ(checked.error().action, Action::kFix);
    EXPECT_NE(checked.error().message.find("PGPASSFILE"), std::string::npos);
    EXPECT_EQ(checked.error().message.find("hunter2"), std::string::npos);
  }
}

TEST(Conninfo, RefusesWhatCannotBeReadWithoutRepeatingIt) {
  for (const char* text : {"shop hunter2", "postgresql://app:hunter2@db:port:x/", "hots=hunter2"}) {
    const auto checked = CheckConninfo(text);
    ASSERT_FALSE(checked) << text;
    EXPECT_EQ(checked.error().message.find("hunter2"), std::string::npos);
  }
}

TEST(SqlState, SaysWhoseFaultItIs) {
  EXPECT_EQ(ActionOf("22P02"), Action::kRejectRecord);  // invalid text representation
  EXPECT_EQ(ActionOf("23505"), Action::kRejectRecord);  // unique violation
  EXPECT_EQ(ActionOf("54000"), Action::kRejectRecord);  // row too large
  EXPECT_EQ(ActionOf("P0001"), Action::kRejectRecord);  // a trigger's RAISE
  // PL/Python and PL/Perl, a trigger that returned too much, RAISE with a state of its own.
  for (const char* trigger : {"38000", "39004", "21000", "27000", "09000", "SH001", "Z9999"})
    EXPECT_EQ(ActionOf(trigger), Action::kRejectRecord) << trigger;
  EXPECT_EQ(ActionOf("22012"), Action::kFenced);
  EXPECT_EQ(ActionOf("42P01"), Action::kFix);      // undefined table
  EXPECT_EQ(ActionOf("42501"), Action::kConnect);  // insufficient privilege
  EXPECT_EQ(ActionOf("28P01"), Action::kConnect);  // invalid password
  for (const char* passing : {"40001", "40P01", "53100", "53300", "55P03", "57014", "57P01",
                              "57P03", "08006", "25006", "58030", "HV00N", "XX000"})
    EXPECT_EQ(ActionOf(passing), Action::kRetry) << passing;
}

TEST(Identifier, IsQuoted) {
  EXPECT_EQ(Identifier("order"), "\"order\"");
  EXPECT_EQ(Identifier("a\"; DROP TABLE b; --"), "\"a\"\"; DROP TABLE b; --\"");
}

}  // namespace
}  // namespace semel::postgres
