#include "seen_set/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cassert>
#include <new>
#include <utility>

namespace semel {

Pages::Pages(std::size_t bytes) : size_(RoundUp(bytes)) {
  void* mapped = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(mapped);
  // A huge page would make 2 MB resident for the first byte, and take them back as a whole only.
  // Kernels without huge pages refuse the advice, and need none.
  static_cast<void>(madvise(data_, size_, MADV_NOHUGEPAGE));
}

Pages::Pages(Pages&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Pages& Pages::operator=(Pages&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Pages::~Pages() {
  if (data_ != nullptr) munmap(data_, size_);
}

void Pages::Discard(std::size_t offset, std::size_t bytes) {
  assert(offset + bytes <= size_);
  static_cast<void>(madvise(data_ + offset, bytes, MADV_DONTNEED));
}

std::size_t Pages::RoundUp(std::size_t bytes) {
  static const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

}  // namespace semel
