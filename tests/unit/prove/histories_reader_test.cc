#include "prove/histories_reader.h"

#include <gmock/gmock.h>

#include <sstream>

#include "history_builder.h"

namespace semel::prove {
namespace {

std::optional<Position> MarkOf(std::vector<Header> headers, std::size_t& left) {
  std::span<const Header> rest = headers;
  const auto mark = TakeMark("orders/eu", rest);
  left = rest.size();
  return mark;
}

TEST(TakeMark, SplitsTheLastHeaderOff) {
  std::size_t left = 0;
  EXPECT_EQ(MarkOf({{"uid", "1"}, {"semel-duplicate-of", "orders/eu/3/17"}}, left),
            (Position{3, 17}));
  EXPECT_EQ(left, 1);
}

TEST(TakeMark, LeavesEverythingElse) {
  std::size_t left = 0;
  EXPECT_EQ(MarkOf({}, left), std::nullopt);
  const Header mark{"semel-duplicate-of", "orders/eu/3/17"};
  const Header uid{"uid", "1"};
  EXPECT_EQ(MarkOf({mark, uid}, left), std::nullopt);
  EXPECT_EQ(left, 2);
  for (const Bytes text : {Bytes(), Bytes(""), Bytes("other/3/17"), Bytes("orders/eu/3"),
                           Bytes("orders/eu/3/x"), Bytes("orders/eu/3/17/")}) {
    EXPECT_EQ(MarkOf({uid, {mark.name, text}}, left), std::nullopt) << text.value_or("null");
    EXPECT_EQ(left, 2);
  }
}

TEST(CheckTruth, NamesTheLineThatCannotBeRead) {
  std::istringstream file(FormatTruth(TruthLine{}) + "\nnonsense\n");
  Report report;
  const auto checked = CheckTruth(file, "orders.truth", Histories{}, report);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, testing::HasSubstr("orders.truth:2: "));
  EXPECT_EQ(report.count(Violation::kInputChanged), 1);
}

TEST(OpenTruth, NamesTheFileThatIsNotThere) {
  const auto file = OpenTruth("/no/such/file");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, testing::HasSubstr("/no/such/file"));
}

}  // namespace
}  // namespace semel::prove
