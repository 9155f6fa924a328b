#include "client/delivery_reports.h"

#include <gmock/gmock.h>

namespace semel {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A message that librdkafka never reports on cannot be had from it: it takes a thread of its own
// that is stuck.
TEST(DeliveryReportsTest, AtCloseTheMessagesThatNobodyReportedOnAreTold) {
  std::vector<std::string> told;
  const auto tell = [&](const Delivery& delivery) {
    EXPECT_EQ(delivery.offset, -1);
    told.push_back(std::string(delivery.topic) + " " + std::to_string(delivery.partition) + " " +
                   std::to_string(delivery.tag) + ": " + delivery.error->message);
  };
  DeliveryReports reports({}, 10);
  std::promise<Result<Delivered>> promise;
  auto future = promise.get_future();
  for (int i = 0; i < 3; ++i) reports.Expect();
  reports.Keep(std::make_unique<Receipt>(Receipt{"orders", 2, 7, tell}));
  void* const delivered = reports.Keep(std::make_unique<Receipt>(Receipt{"orders", 1, 8, tell}));
  reports.Keep(std::make_unique<Receipt>(Receipt{"orders", 3, 9, std::move(promise)}));
  reports.Take(delivered);  // as its report does
  EXPECT_EQ(reports.outstanding(), 3U);

  reports.AbandonReceipts();
  EXPECT_THAT(told, ElementsAre(AllOf(HasSubstr("orders 2 7: cannot write to orders [2]"),
                                      HasSubstr("it may have been written all the same"))));
  ASSERT_EQ(future.wait_for(std::chrono::seconds{0}), std::future_status::ready);
  const auto result = future.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().action, Action::kRetry);
  EXPECT_THAT(result.error().message, HasSubstr("orders [3]"));
  EXPECT_EQ(reports.outstanding(), 1U) << "the one whose report was taken, and is not published";
  EXPECT_EQ(reports.TakeFailures().count, 2U);
  EXPECT_EQ(reports.TakeFailures().count, 0U);
}

}  // namespace
}  // namespace semel
