// Input: a snapshot file. What is read is written and read back as the same, and from then on as
// the same bytes; a file with one bit flipped is none; nothing is reserved that it does not hold.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "allocations.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "check.h"
#include "seen_set/snapshot.h"

namespace semel::fuzz {
namespace {

struct Content {
  SnapshotHeader header;
  std::vector<Sighting> entries;
  std::int64_t log_end = 0;
};

// A file in memory, which readers open by name.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("snapshot", MFD_CLOEXEC)) {
    Check(descriptor_ >= 0, "no file in memory");
    path_ = "/proc/self/fd/" + std::to_string(descriptor_);
  }
  const std::string& path() const { return path_; }
  void Put(std::string_view bytes) const {
    const bool put =
        ::ftruncate(descriptor_, 0) == 0 &&
        ::pwrite(descriptor_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
    Check(put, "cannot write a file in memory");
  }

 private:
  int descriptor_;
  std::string path_;
};

// A folder for the writer, which goes when the process ends.
class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "fuzz_snapshot.XXXXXX";
    Check(::mkdtemp(name.data()) != nullptr, "no folder to write to");
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string File(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// False: it is no snapshot.
bool Read(const std::string& path, Content& content) {
  auto reader = SnapshotReader::Open(path);
  if (!reader) return false;
  content = {.header = reader->header(), .entries = {}, .log_end = 0};
  std::vector<Sighting> block;
  while (true) {
    const auto more = reader->Next(block);
    if (!more) return false;
    if (!*more) break;
    content.entries.insert(content.entries.end(), block.begin(), block.end());
  }
  content.log_end = reader->log_end();
  return true;
}

std::string Write(const Folder& folder, const std::string& path, const Content& content) {
  auto writer = SnapshotWriter::Begin(path, folder.File("temporary"), content.header);
  Check(writer.has_value(), "cannot begin a snapshot");
  // Each by itself: together they may lie further apart than a block can say.
  for (const Sighting& entry : content.entries)
    Check(writer->Add({&entry, 1}).has_value(), "cannot write an entry");
  Check(writer->Publish(content.log_end).has_value(), "cannot publish");
  return *ReadFile(path);
}

void CheckAgain(const Folder& folder, const Content& content) {
  const std::string path = folder.File("a.snapshot");
  const std::string bytes = Write(folder, path, content);
  Content again;
  Check(Read(path, again), "what was written is no snapshot");
  Check(again.header == content.header && again.log_end == content.log_end &&
            again.entries == content.entries,
        "it is read back as another one");
  Check(Write(folder, path, again) == bytes, "it is written in another way");
}

void CheckSnapshot(std::string bytes) {
  static const MemoryFile file;
  static const Folder folder;
  constexpr std::size_t kPiece = std::size_t{3} << 20U;  // what is read at once, as a string grows
  file.Put(bytes);
  Content content;
  LargestAllocation();
  const bool whole = Read(file.path(), content);
  Check(LargestAllocation() <= 4 * bytes.size() + kPiece, "reserved more than there is");
  if (!whole) return;
  CheckAgain(folder, content);
  FlipBits(bytes, Crc32c(bytes), [&] {
    file.Put(bytes);
    Content other;
    Check(!Read(file.path(), other), "a flipped bit is not noticed");
  });
}

// Puts the CRC that fits behind each part, as far as the parts go.
class Sealer {
 public:
  Sealer(char* bytes, std::size_t size) : bytes_(bytes), size_(size) {}

  void SealAll() {
    constexpr std::size_t kBitsAt = 16 + 4 + 16 + 8;
    if (!Seal(16 + std::size_t{Number(12)})) return;
    const std::size_t entry = Number(kBitsAt) / 8 + std::size_t{12};
    while (true) {
      const std::size_t count = Number(begin_);
      if (!Seal(count == 0 ? 20 : 12 + count * entry) || count == 0) return;
    }
  }

 private:
  std::uint32_t Number(std::size_t at) const {
    std::uint32_t number = 0;
    if (at + sizeof number <= size_) std::memcpy(&number, bytes_ + at, sizeof number);
    return number;
  }

  bool Seal(std::size_t part) {
    if (size_ - begin_ < 4 || part > size_ - begin_ - 4) return false;
    const std::uint32_t crc = Crc32c(std::string_view(bytes_ + begin_, part));
    std::memcpy(bytes_ + begin_ + part, &crc, sizeof crc);
    begin_ += part + sizeof crc;
    return true;
  }

  char* bytes_;
  std::size_t size_;
  std::size_t begin_ = 0;
};

}  // namespace
}  // namespace semel::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  semel::fuzz::CheckSnapshot(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

// Most of what libFuzzer makes gets the CRCs that fit, or it would never get behind them.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 16 != 0) semel::fuzz::Sealer(reinterpret_cast<char*>(data), size).SealAll();
  return size;
}
