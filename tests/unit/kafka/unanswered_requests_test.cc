#include "kafka/unanswered_requests.h"

#include <gtest/gtest.h>

namespace semel::kafka {
namespace {

constexpr std::int16_t kProduce = 0;
constexpr std::int16_t kAddPartitions = 24;
constexpr std::int16_t kEndTxn = 26;

TEST(UnansweredRequests, IsEmptyOnceEverythingWasAnswered) {
  UnansweredRequests requests;
  EXPECT_TRUE(requests.empty());
  requests.Sent(kAddPartitions);
  requests.Sent(kEndTxn);
  requests.Ended(kAddPartitions, RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_FALSE(requests.empty());
  requests.Ended(kEndTxn, RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_TRUE(requests.empty());
}

// CONCURRENT_TRANSACTIONS and the like: answered, and then sent again.
TEST(UnansweredRequests, DoesNotMindRepetitionOfAnsweredRequests) {
  UnansweredRequests requests;
  for (int i = 0; i < 3; ++i) {
    requests.Sent(kAddPartitions);
    requests.Ended(kAddPartitions, RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  EXPECT_TRUE(requests.empty());
}

TEST(UnansweredRequests, NeverForgetsOneThatTimedOut) {
  UnansweredRequests requests;
  requests.Sent(kEndTxn);
  requests.Ended(kEndTxn, RD_KAFKA_RESP_ERR__TIMED_OUT);
  requests.Sent(kEndTxn);
  requests.Ended(kEndTxn, RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_FALSE(requests.empty());
}

TEST(UnansweredRequests, LooksAtTransactionalRequestsOnly) {
  UnansweredRequests requests;
  requests.Sent(kProduce);
  EXPECT_TRUE(requests.empty());
  requests.Ended(kProduce, RD_KAFKA_RESP_ERR_NO_ERROR);
  requests.Sent(kEndTxn);
  EXPECT_FALSE(requests.empty());
}

TEST(RequestListener, IsTakenByTheLibrary) {
  const ConfPtr conf(rd_kafka_conf_new());
  UnansweredRequests requests;
  EXPECT_TRUE(AddRequestListener(conf.get(), &requests));
}

}  // namespace
}  // namespace semel::kafka
