// Memory that requests share, so that many of them together stay bounded.
#pragma once

#include <atomic>
#include <cstddef>

namespace semel::ingest {

/// Threads: any, at once.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t limit) : limit_(limit) {}

  bool Take(std::size_t bytes) {
    if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit_) return true;
    GiveBack(bytes);
    return false;
  }
  void GiveBack(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_ = 0;
};

/// What one request has taken of it. Gives it back at the end.
class ByteShare {
 public:
  explicit ByteShare(ByteBudget& budget) : budget_(budget) {}
  ByteShare(const ByteShare&) = delete;
  ByteShare& operator=(const ByteShare&) = delete;
  ~ByteShare() { Reset(); }

  /// Makes the share at least `bytes`. False: there is not that much left.
  bool GrowTo(std::size_t bytes) {
    if (bytes <= taken_) return true;
    if (!budget_.Take(bytes - taken_)) return false;
    taken_ = bytes;
    return true;
  }
  void Reset() {
    budget_.GiveBack(taken_);
    taken_ = 0;
  }

 private:
  ByteBudget& budget_;
  std::size_t taken_ = 0;
};

}  // namespace semel::ingest
