#include "ingest/body_split.h"

#include <gmock/gmock.h>

namespace semel::ingest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Split Of(std::string_view body, ContentType type = ContentType::kUnsaid) {
  Split split;
  const auto refused = SplitBody(body, type, true, 100, split);
  EXPECT_FALSE(refused) << body << ": " << refused->reason;
  return split;
}

int RefusalOf(std::string_view body, ContentType type = ContentType::kUnsaid, bool batches = true) {
  Split split;
  const auto refused = SplitBody(body, type, batches, 2, split);
  return refused ? refused->status : 0;
}

TEST(BodySplit, OneObject) {
  const Split split = Of("\xef\xbb\xbf  {\"a\": [1, 2]}\n");
  EXPECT_FALSE(split.batch);
  EXPECT_THAT(split.events, ElementsAre("{\"a\": [1, 2]}"));
  EXPECT_THAT(Of("{\n\"a\":1\n}").events, ElementsAre("{\n\"a\":1\n}"));
}

TEST(BodySplit, AnArray) {
  const Split split = Of(R"( [ {"a":"],[\"}"} , 7,"x" ,[1,[2]] ] )");
  EXPECT_TRUE(split.batch);
  EXPECT_THAT(split.events, ElementsAre(R"({"a":"],[\"}"})", "7", "\"x\"", "[1,[2]]"));
  EXPECT_THAT(Of("[]").events, IsEmpty());
}

TEST(BodySplit, Lines) {
  EXPECT_THAT(Of("{\"a\":1}\n\n {\"a\":2}\r\n").events, ElementsAre("{\"a\":1}", "{\"a\":2}"));
  EXPECT_TRUE(Of("{\"a\":1}\n", ContentType::kNdjson).batch);
  EXPECT_THAT(Of("[1]\nnonsense", ContentType::kNdjson).events, ElementsAre("[1]", "nonsense"));
  // Said to be one text, it is taken as one; that it is none is found later.
  EXPECT_THAT(Of("{}\n{}", ContentType::kJson).events, ElementsAre("{}\n{}"));
}

TEST(BodySplit, WhatCannotBeSplit) {
  for (const char* body :
       {"", " \n", "[", "[1", "[1,", "[1,]", "[,1]", "[1]]", "[1] x", "[{]", "[\"]", "[{}{}]"})
    EXPECT_EQ(RefusalOf(body), 400) << body;
  EXPECT_EQ(RefusalOf("[1]", ContentType::kUnsaid, false), 400);
}

TEST(BodySplit, Bounded) {
  EXPECT_EQ(RefusalOf("[1,2]"), 0);
  EXPECT_EQ(RefusalOf("[1,2,3]"), 413);
  EXPECT_EQ(RefusalOf("{}\n{}\n{}"), 413);
}

}  // namespace
}  // namespace semel::ingest
