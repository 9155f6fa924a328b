#include "pipeline/commit_metadata.h"

#include <gtest/gtest.h>

namespace semel::pipeline {
namespace {

TEST(CommitMetadataTest, IsReadBackAsWritten) {
  const std::string text = FormatCommitMetadata(
      {.changelog_offset = 41, .append_ms = 1'764'590'400'000, .input_partitions = 6});
  EXPECT_EQ(text, "semel1 changelog=41 appended=1764590400000 partitions=6");
  const auto read = ParseCommitMetadata(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->changelog_offset, 41);
  EXPECT_EQ(read->append_ms, 1'764'590'400'000);
  EXPECT_EQ(read->input_partitions, 6);
}

TEST(CommitMetadataTest, WhatSomebodyElseWroteIsNotTaken) {
  for (const char* text :
       {"", "semel", "semel2 changelog=1 appended=2 partitions=3", "semel1 changelog=1 appended=2",
        "semel1 changelog=x appended=2 partitions=3", "semel1 changelog=1 appended=2 partitions=3 ",
        "semel1 changelog=1 appended=2 partitions=99999999999", "semel1 changelog= appended=2",
        "semel1 changelog=01 appended=2 partitions=3",
        "semel1 changelog=1 appended=-0 partitions=3"}) {
    EXPECT_FALSE(ParseCommitMetadata(text)) << text;
  }
}

}  // namespace
}  // namespace semel::pipeline
