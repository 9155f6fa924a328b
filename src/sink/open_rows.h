// The rows of one transaction, as long as it is open: what was sent can be sent again, in parts.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kafka/client.h"
#include "semel/record.h"

namespace semel::sink {

/// A record of which no row can be made, and why.
struct Refused {
  const Record* record = nullptr;
  std::string reason;
};

struct OpenRows {
  struct Row {
    const Record* record = nullptr;
    std::size_t end = 0;  ///< of its line, in `text`
  };

  std::string text{};  ///< all lines, one after the other
  std::size_t sent = 0;
  std::vector<Row> rows{};
  std::vector<Refused> refused{};
  std::vector<std::unique_ptr<kafka::Batch>> batches{};  ///< what the records are views into
  std::size_t bytes = 0;                                 ///< of the batches
  std::chrono::steady_clock::time_point due{};

  bool empty() const { return batches.empty(); }
  std::size_t records() const { return rows.size() + refused.size(); }

  /// The lines of rows [begin, end).
  std::string_view Lines(std::size_t begin, std::size_t end) const {
    const std::size_t from = begin == 0 ? 0 : rows[begin - 1].end;
    const std::size_t to = end == 0 ? 0 : rows[end - 1].end;
    return std::string_view(text).substr(from, to - from);
  }

  std::string_view Unsent() const { return std::string_view(text).substr(sent); }

  /// Keeps its memory.
  void Clear() {
    text.clear();
    rows.clear();
    refused.clear();
    batches.clear();
    sent = bytes = 0;
  }
};

}  // namespace semel::sink
