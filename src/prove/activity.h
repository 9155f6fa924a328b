// How far long work has come.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace semel::prove {

/// Threads: one works and writes, any may read.
struct Activity {
  /// Being read or written; belongs to the options of the work. Null: nothing yet.
  std::atomic<const std::string*> topic = nullptr;
  std::atomic<std::uint64_t> records = 0;  ///< read, or acknowledged, of that topic
};

}  // namespace semel::prove
