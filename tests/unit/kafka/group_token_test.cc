#include "kafka/group_token.h"

#include <gtest/gtest.h>

#include <string>

#include "kafka/rdkafka_handles.h"

namespace semel::kafka {
namespace {

// What the linked librdkafka itself writes.
std::string Write(const char* group, int generation, const char* member, const char* instance) {
  const GroupMetadataPtr metadata(
      rd_kafka_consumer_group_metadata_new_with_genid(group, generation, member, instance));
  void* buffer = nullptr;
  std::size_t size = 0;
  const ErrorPtr error(rd_kafka_consumer_group_metadata_write(metadata.get(), &buffer, &size));
  std::string serialized(static_cast<const char*>(buffer), size);
  rd_kafka_mem_free(nullptr, buffer);
  return serialized;
}

TEST(GroupToken, ReadsGenerationAndMember) {
  for (const char* instance : {static_cast<const char*>(nullptr), "a-0"}) {
    const auto token = ParseGroupToken(Write("semel.orders", 7, "semel-1234", instance));
    ASSERT_TRUE(token) << token.error().message;
    EXPECT_EQ(token->generation, 7);
    EXPECT_EQ(token->member_id, "semel-1234");
    EXPECT_TRUE(token->fenced());
    EXPECT_EQ(token->serialized, Write("semel.orders", 7, "semel-1234", instance));
  }
}

TEST(GroupToken, WithoutGenerationOrMemberIsNotFenced) {
  const auto no_generation = ParseGroupToken(Write("g", -1, "m", nullptr));
  const auto no_member = ParseGroupToken(Write("g", 3, "", "a-0"));
  ASSERT_TRUE(no_generation && no_member);
  EXPECT_FALSE(no_generation->fenced());
  EXPECT_FALSE(no_member->fenced());
}

TEST(GroupToken, RefusesEveryTruncation) {
  const std::string whole = Write("g", 3, "m", nullptr);
  const std::size_t read = whole.size() - 1;  // the byte that says "no instance" is not looked at
  for (std::size_t size = 0; size < read; ++size)
    EXPECT_FALSE(ParseGroupToken(whole.substr(0, size))) << size;
}

TEST(GroupToken, RefusesAnotherFormat) {
  EXPECT_FALSE(ParseGroupToken("CGMDv9:" + Write("g", 3, "m", nullptr).substr(7)));
}

}  // namespace
}  // namespace semel::kafka
