#include "kafka/error_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace semel::kafka {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ErrorMap, HasEveryCodeOfTheLinkedLibrary) {
  const rd_kafka_err_desc* descriptions = nullptr;
  std::size_t count = 0;
  rd_kafka_get_err_descs(&descriptions, &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (descriptions[i].name == nullptr) continue;  // a gap in the numbers
    EXPECT_TRUE(IsMapped(descriptions[i].code))
        << descriptions[i].name << " = " << static_cast<int>(descriptions[i].code);
  }
}

TEST(ErrorMap, TellsWhatToDo) {
  EXPECT_EQ(ActionOf(RD_KAFKA_RESP_ERR__TRANSPORT), Action::kRetry);
  EXPECT_EQ(ActionOf(RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION), Action::kAbort);
  constexpr int kTransactionAbortable = 120;  // newer than the oldest librdkafka
  EXPECT_EQ(ActionOf(static_cast<rd_kafka_resp_err_t>(kTransactionAbortable)), Action::kAbort);
  EXPECT_EQ(ActionOf(RD_KAFKA_RESP_ERR_PRODUCER_FENCED), Action::kFenced);
  EXPECT_EQ(ActionOf(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), Action::kRejectRecord);
  EXPECT_EQ(ActionOf(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED), Action::kConnect);
  EXPECT_EQ(ActionOf(RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE), Action::kStop);
  EXPECT_EQ(ActionOf(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID), Action::kStop);
}

TEST(ErrorMap, NamesOperationPrincipalAndAdvice) {
  const Error error = ToError(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                              {"write to orders.unique [3]", "User:semel"});
  EXPECT_EQ(error.action, Action::kConnect);
  EXPECT_THAT(error.message, HasSubstr("cannot write to orders.unique [3] as User:semel: "));
  EXPECT_THAT(error.message, HasSubstr("TOPIC_AUTHORIZATION_FAILED"));
  EXPECT_THAT(error.message, HasSubstr("kafka-acls, see docs/operations.md#acls"));
}

TEST(ErrorMap, NamesTheMissingRight) {
  const auto text = [](rd_kafka_resp_err_t code) {
    return ToError(code, {"do it", "User:semel", "Write"}).message;
  };
  EXPECT_THAT(text(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED),
              HasSubstr("grant User:semel the operation Write on the topic"));
  EXPECT_THAT(text(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED),
              HasSubstr("grant User:semel the operation Read on the group"));
  EXPECT_THAT(text(RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
              HasSubstr("grant User:semel the operation Write on the transactional id"));
  EXPECT_THAT(text(RD_KAFKA_RESP_ERR__TRANSPORT), Not(HasSubstr("grant")));
}

TEST(ErrorMap, TellsACertificateFromAPassword) {
  EXPECT_THAT(ToError(RD_KAFKA_RESP_ERR__SSL, {"connect", ""}).message,
              HasSubstr("check ssl.ca.location"));
  EXPECT_THAT(ToError(RD_KAFKA_RESP_ERR__AUTHENTICATION, {"connect", ""}).message,
              Not(HasSubstr("certificate")));
}

TEST(ErrorMap, NamesThePrincipalOnlyWhereItMatters) {
  const Error error = ToError(RD_KAFKA_RESP_ERR__TIMED_OUT, {"commit", "User:semel"});
  EXPECT_THAT(error.message, Not(HasSubstr("User:semel")));
}

TEST(ErrorMap, TreatsAnUnknownCodeAsAFailure) {
  const auto unknown = static_cast<rd_kafka_resp_err_t>(250);
  EXPECT_FALSE(IsMapped(unknown));
  EXPECT_EQ(ToError(unknown, {"commit", ""}).action, Action::kFail);
}

// An error object without any flag counts as fatal: the call must not be repeated, even where the
// code alone would be a passing fault.
TEST(ErrorMap, TakesAnErrorObjectWithoutFlagsForFatal) {
  const ErrorPtr error(rd_kafka_error_new(RD_KAFKA_RESP_ERR__TIMED_OUT, "%s", "too late"));
  const Error result = ToError(*error, {"commit", ""});
  EXPECT_EQ(result.action, Action::kAbort);
  EXPECT_THAT(result.message, HasSubstr("too late"));
}

}  // namespace
}  // namespace semel::kafka
