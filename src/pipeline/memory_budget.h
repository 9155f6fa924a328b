// The bound on what all seen-sets of the process hold together. Reaching it stops the process with
// a text; nothing is ever forgotten to stay below it.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <utility>

#include "semel/result.h"

namespace semel::pipeline {

/// Threads: any.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t limit_bytes) : limit_(limit_bytes) {}

  bool Exceeded() const { return used_.load(std::memory_order_relaxed) > limit_; }
  /// Above 90 %: the time to drop what is only kept for convenience.
  bool Tight() const { return used_.load(std::memory_order_relaxed) > limit_ / 10 * 9; }

  Error Full() const {
    constexpr std::size_t kMiB = std::size_t{1024} * 1024;
    return {Action::kStop,
            "the seen-set needs " + std::to_string(used_.load() / kMiB) +
                " MiB, --memory-limit is " + std::to_string(limit_ / kMiB) +
                " MiB. Nothing was forgotten and nothing is lost: raise --memory-limit, shorten "
                "--window, or spread the partitions over more processes"};
  }

 private:
  friend class MemoryShare;
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

/// What one seen-set holds of the budget; gives it back when destroyed.
class MemoryShare {
 public:
  explicit MemoryShare(MemoryBudget& budget) : budget_(&budget) {}
  MemoryShare(const MemoryShare&) = delete;
  MemoryShare& operator=(const MemoryShare&) = delete;
  ~MemoryShare() { Set(0); }

  void Set(std::size_t bytes) {
    budget_->used_.fetch_add(bytes - bytes_, std::memory_order_relaxed);  // wraps as intended
    bytes_ = bytes;
  }

 private:
  MemoryBudget* budget_;
  std::size_t bytes_ = 0;
};

}  // namespace semel::pipeline
