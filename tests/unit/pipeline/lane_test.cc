#include "lane_test.h"

#include <set>
#include <sstream>

#include "pipeline/commit_metadata.h"

namespace semel::testing {

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

void LaneTest::Put(kafka::Partition partition, const std::string& words) {
  for (const std::string& word : Words(words))
    Input(partition).Append({.time_ms = clock_.WallMs(), .value = word});
}

void LaneTest::PutAborted(kafka::Partition partition, const std::string& words) {
  std::vector<kafka::Offset> offsets;
  for (const std::string& word : Words(words)) {
    offsets.push_back(Input(partition).Append({.state = StoredRecord::State::kOpen,
                                               .time_ms = clock_.WallMs(),
                                               .value = "aborted " + word}));
  }
  Input(partition).Decide(offsets, StoredRecord::State::kAborted);
}

std::vector<ChangelogRecord> LaneTest::Changelog(kafka::Partition partition) {
  std::vector<ChangelogRecord> records;
  for (const std::string& bytes : broker_.Log("orders-changelog", partition).Values()) {
    records.emplace_back();
    EXPECT_TRUE(UnpackChangelog(bytes, records.back()));
  }
  return records;
}

void LaneTest::ExpectExactlyOnce(kafka::Partition partition) {
  ExpectExactlyOnceSoFar(partition);
  ASSERT_TRUE(broker_.committed.contains(partition)) << "partition " << partition;
  EXPECT_EQ(broker_.committed.at(partition).offset, Input(partition).last_stable())
      << "partition " << partition << " was not taken to its end";
}

void LaneTest::ExpectExactlyOnceSoFar(kafka::Partition partition) {
  const auto committed = broker_.committed.find(partition);
  const kafka::Offset taken = committed == broker_.committed.end() ? 0 : committed->second.offset;
  std::set<std::string> seen;
  std::vector<std::string> expected;
  std::vector<kafka::Offset> firsts;
  for (const auto& [offset, record] : Input(partition).ReadCommitted()) {
    if (offset >= taken || record->value->starts_with("refused")) continue;
    if (!seen.insert(*record->value).second) continue;
    expected.push_back(*record->value);
    firsts.push_back(offset);
  }
  EXPECT_EQ(Output(partition), expected) << "partition " << partition;
  if (committed != broker_.committed.end()) ExpectChangelogAgrees(partition, firsts);
}

void LaneTest::ExpectChangelogAgrees(kafka::Partition partition,
                                     const std::vector<kafka::Offset>& firsts) {
  const auto metadata = pipeline::ParseCommitMetadata(broker_.committed.at(partition).metadata);
  const auto visible = broker_.Log("orders-changelog", partition).ReadCommitted();
  ASSERT_FALSE(visible.empty());
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->changelog_offset, visible.back().first);
  std::vector<kafka::Offset> claimed;
  kafka::Offset end = 0;
  for (const ChangelogRecord& record : Changelog(partition)) {
    EXPECT_EQ(record.begin, end) << "a hole or an overlap in the changelog";
    end = record.end;
    for (const Sighting& entry : record.entries) claimed.push_back(entry.offset);
  }
  EXPECT_EQ(end, broker_.committed.at(partition).offset);
  EXPECT_EQ(claimed, firsts) << "partition " << partition;
}

}  // namespace semel::testing
