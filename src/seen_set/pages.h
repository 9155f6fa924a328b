// Memory straight from the operating system, and back to it: the heap would keep what a seen-set
// lets go, and the memory bound is about resident bytes.
#pragma once

#include <cstddef>

namespace semel {

/// A zeroed, page-aligned block. Pages become resident when they are first written.
class Pages {
 public:
  Pages() = default;
  /// Rounds `bytes` up to whole pages. Throws std::bad_alloc.
  explicit Pages(std::size_t bytes);
  Pages(Pages&& other) noexcept;
  Pages& operator=(Pages&& other) noexcept;
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages();

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

  /// Gives whole pages back; they read as zero afterwards. Both arguments are multiples of a page.
  void Discard(std::size_t offset, std::size_t bytes);

  static std::size_t RoundUp(std::size_t bytes);

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace semel
