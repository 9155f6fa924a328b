#include "semel/envelope.h"

#include <gmock/gmock.h>

#include <string>

namespace semel {
namespace {

using ::testing::HasSubstr;

Envelope Read(const std::string& text) {
  const auto read = Envelope::FromJson(text);
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  return read ? *read : Envelope{};
}

std::string Refusal(const std::string& text) {
  const auto read = Envelope::FromJson(text);
  EXPECT_FALSE(read) << text;
  if (read) return {};
  EXPECT_EQ(read.error().action, Action::kFix);
  return read.error().message;
}

// As python3 -c 'import json; json.dumps({...})' writes them, with and without ensure_ascii.
constexpr const char* kPythonAscii =
    R"({"message_id": 7, "content": "gr\u00fc\u00df \ud83d\ude00 \"q\"\n", "producer_id": "web-1", )"
    R"("timestamp": "2026-11-23T09:28:33.123456", "metadata": {"retry": 2, "tags": ["a", null]}})";
constexpr const char* kPythonUtf8 =
    R"({"message_id": 7, "content": "grüß 😀 \"q\"\n", "producer_id": "web-1", )"
    R"("timestamp": "2026-11-23T09:28:33.123456", "metadata": {"retry": 2, "tags": ["a", null]}})";

TEST(EnvelopeTest, ReadsWhatPythonWrites) {
  for (const char* text : {kPythonAscii, kPythonUtf8}) {
    const Envelope read = Read(text);
    EXPECT_EQ(read.message_id, 7);
    EXPECT_EQ(read.content, "grüß 😀 \"q\"\n");
    EXPECT_EQ(read.producer_id, "web-1");
    EXPECT_EQ(read.timestamp, "2026-11-23T09:28:33.123456");
    EXPECT_EQ(read.metadata, R"({"retry": 2, "tags": ["a", null]})");
  }
}

TEST(EnvelopeTest, WritesOneLineThatReadsBack) {
  Envelope envelope;
  envelope.message_id = INT64_MIN;
  envelope.content = std::string("zero \0 tab \t line \n grüß", 26);
  envelope.producer_id = "p\"1\"";
  envelope.timestamp = "2026-11-23T09:28:33+00:00";
  envelope.metadata = R"({"a":{"b":[1,2.50,"ü"]}})";
  const auto text = envelope.ToJson();
  ASSERT_TRUE(text);
  EXPECT_EQ(text->find('\n'), std::string::npos);
  const Envelope read = Read(*text);
  EXPECT_EQ(read.message_id, envelope.message_id);
  EXPECT_EQ(read.content, envelope.content);
  EXPECT_EQ(read.producer_id, envelope.producer_id);
  EXPECT_EQ(read.timestamp, envelope.timestamp);
  EXPECT_EQ(read.metadata, envelope.metadata);
}

TEST(EnvelopeTest, NumbersOfMetadataStayAsTheyAre) {
  const std::string metadata = R"({"big": 1180591620717411303424, "exact": 1.10, "e": 1E2})";
  const Envelope read =
      Read(R"({"metadata": )" + metadata +
           R"(, "message_id": 1, "content": "", "producer_id": "", "timestamp": ""})");
  EXPECT_EQ(read.metadata, metadata);
  EXPECT_THAT(read.ToJson()->c_str(), HasSubstr(metadata));
}

TEST(EnvelopeTest, MetadataMayBeAbsentOrNullAndOthersArePassedOver) {
  const std::string rest = R"("message_id":1,"content":"c","producer_id":"p","timestamp":"t"})";
  EXPECT_EQ(Read("{" + rest).metadata, "{}");
  EXPECT_EQ(Read(R"({"metadata":null,"other":[1],)" + rest).metadata, "{}");
}

TEST(EnvelopeTest, ErrorsNameTheFieldAndWhatWasFound) {
  EXPECT_THAT(Refusal("{"), HasSubstr("not JSON"));
  EXPECT_THAT(Refusal("[]"), HasSubstr("found array"));
  EXPECT_THAT(Refusal("{}"), HasSubstr("message_id must be an integer of 64 bits, it is absent"));
  EXPECT_THAT(Refusal(R"({"message_id":"7"})"),
              HasSubstr("message_id must be an integer of 64 bits, found string"));
  EXPECT_THAT(Refusal(R"({"message_id":7.5})"), HasSubstr("found fraction"));
  EXPECT_THAT(Refusal(R"({"message_id":9223372036854775808})"), HasSubstr("9223372036854775808"));
  EXPECT_THAT(Refusal(R"({"message_id":7,"content":null})"),
              HasSubstr("content must be a string, found null"));
  EXPECT_THAT(Refusal(R"({"message_id":7,"content":"","producer_id":1})"),
              HasSubstr("producer_id"));
  EXPECT_THAT(Refusal(R"({"message_id":7,"content":"","producer_id":""})"), HasSubstr("timestamp"));
  const std::string good = R"({"message_id":7,"content":"","producer_id":"","timestamp":"")";
  EXPECT_THAT(Refusal(good + R"(,"metadata":[]})"),
              HasSubstr("metadata must be an object, found array"));
  EXPECT_THAT(Refusal(good + R"(,"content":"again"})"), HasSubstr("twice"));
}

TEST(EnvelopeTest, WhatIsNoTextIsNotWritten) {
  Envelope envelope;
  envelope.content = "\xff";
  ASSERT_FALSE(envelope.ToJson());
  EXPECT_THAT(envelope.ToJson().error().message, HasSubstr("content is not UTF-8"));
  envelope.content = "";
  envelope.metadata = "[]";
  ASSERT_FALSE(envelope.ToJson());
  EXPECT_THAT(envelope.ToJson().error().message, HasSubstr("metadata must be an object"));
}

TEST(IsoTimestampTest, IsUtcWithMicroseconds) {
  const std::chrono::system_clock::time_point time{
      std::chrono::microseconds{1'763'890'113'000'042}};
  EXPECT_EQ(IsoTimestamp(time), "2025-11-23T09:28:33.000042+00:00");
  EXPECT_EQ(IsoTimestamp(std::chrono::system_clock::time_point{std::chrono::microseconds{-1}}),
            "1969-12-31T23:59:59.999999+00:00");
}

}  // namespace
}  // namespace semel
