// Input: a changelog record. What is read is written as the same bytes; a record with one bit
// flipped is none; nothing is reserved that its bytes do not hold.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "allocations.h"
#include "base/crc32c.h"
#include "check.h"
#include "seen_set/changelog.h"

namespace semel::fuzz {
namespace {

constexpr std::size_t kCrcBytes = 4;
// In memory an entry is larger than in a record: 32 bytes of fingerprint, time and offset.
constexpr std::size_t kGrowth = sizeof(Sighting) / (16 + 2) + 1;
constexpr std::size_t kText = 1024;  // of an error

void CheckRecord(std::string bytes) {
  ChangelogRecord record;
  LargestAllocation();
  const auto unpacked = UnpackChangelog(bytes, record);
  Check(LargestAllocation() <= kGrowth * bytes.size() + kText, "reserved more than there is");
  if (!unpacked) {
    Check(unpacked.error().action == Action::kStop, "an error that does not stop");
    return;
  }
  std::vector<std::string> packed;
  PackChangelog(record, record.entries, packed, 2 * bytes.size() + kText);
  Check(packed.size() == 1 && packed.front() == bytes, "it is written in another way");
  ChangelogRecord other;
  FlipBits(bytes, Crc32c(bytes),
           [&] { Check(!UnpackChangelog(bytes, other), "a flipped bit is not noticed"); });
}

}  // namespace
}  // namespace semel::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  semel::fuzz::CheckRecord(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

// Most of what libFuzzer makes gets the CRC that fits, or it would never get behind that.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 16 == 0 || size < semel::fuzz::kCrcBytes) return size;
  const std::size_t body = size - semel::fuzz::kCrcBytes;
  const std::uint32_t crc =
      semel::Crc32c(std::string_view(reinterpret_cast<const char*>(data), body));
  std::memcpy(data + body, &crc, semel::fuzz::kCrcBytes);
  return size;
}
