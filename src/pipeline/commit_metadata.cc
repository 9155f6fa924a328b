#include "pipeline/commit_metadata.h"

#include <charconv>

namespace semel::pipeline {
namespace {

/// Takes `prefix` and the number after it from the front of `text`.
template <typename Number>
bool Take(std::string_view& text, std::string_view prefix, Number& number) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  return true;
}

}  // namespace

std::string FormatCommitMetadata(const CommitMetadata& metadata) {
  return "semel1 changelog=" + std::to_string(metadata.changelog_offset) +
         " appended=" + std::to_string(metadata.append_ms) +
         " partitions=" + std::to_string(metadata.input_partitions);
}

std::optional<CommitMetadata> ParseCommitMetadata(std::string_view text) {
  const std::string_view whole = text;
  CommitMetadata metadata;
  const bool complete = Take(text, "semel1 changelog=", metadata.changelog_offset) &&
                        Take(text, " appended=", metadata.append_ms) &&
                        Take(text, " partitions=", metadata.input_partitions) && text.empty();
  // Numbers have more forms than the one that is written.
  if (!complete || FormatCommitMetadata(metadata) != whole) return std::nullopt;
  return metadata;
}

}  // namespace semel::pipeline
