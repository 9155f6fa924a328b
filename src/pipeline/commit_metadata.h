// The text that is committed with each input offset. It ties the offset to the changelog record of
// the same transaction, so that a changelog that was truncated, deleted or made anew is noticed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace semel::pipeline {

struct CommitMetadata {
  std::int64_t changelog_offset = -1;  ///< of the partition's last changelog record
  std::int64_t append_ms = 0;          ///< when the broker appended it
  std::int32_t input_partitions = 0;   ///< partition count of the input then
};

/// ASCII only: librdkafka before 2.6.1 mangles zero bytes.
/// `semel1 changelog=OFFSET appended=MS partitions=N`
std::string FormatCommitMetadata(const CommitMetadata& metadata);

/// Empty when somebody else wrote the text.
std::optional<CommitMetadata> ParseCommitMetadata(std::string_view text);

}  // namespace semel::pipeline
