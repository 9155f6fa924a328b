// Input: the metadata of a committed offset. What is read is written as the same text.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "check.h"
#include "pipeline/commit_metadata.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto metadata = semel::pipeline::ParseCommitMetadata(text);
  semel::fuzz::Check(!metadata || semel::pipeline::FormatCommitMetadata(*metadata) == text,
                     "it is written in another way");
  return 0;
}
