// Some lines on their way through `semel uniq`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "semel/fingerprint.h"
#include "uniq/fingerprint_set.h"
#include "uniq/line_input.h"

namespace semel {

/// How many lines there were of each kind. Lines without a fingerprint of their own, missing and
/// invalid ones, are neither unique nor duplicates.
struct LineCounts {
  std::uint64_t lines = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t missing = 0;
  std::uint64_t invalid = 0;
};

/// Read into `buffer`, then Identify, then KeepFirst. Can be used again for the next lines.
/// Threads: one at a time; only KeepFirst touches what blocks share.
class LineBlock {
 public:
  LineBuffer& buffer() { return buffer_; }
  std::string_view text() const { return buffer_.text(); }

  /// Computes the fingerprint of each line.
  void Identify(Fingerprinter& fingerprinter);

  /// Takes out the lines whose fingerprint is in `seen` or came before in this block, and adds the
  /// others to `seen`. Lines that cannot be judged stay. Call it in the order of the input.
  LineCounts KeepFirst(FingerprintSet& seen);

 private:
  struct Line {
    std::size_t size;  // with its LF
    Outcome outcome;
  };

  LineBuffer buffer_;
  std::vector<Line> lines_;
  std::vector<ShortFingerprint> prints_;  // of the lines whose outcome is ok
  std::vector<std::uint8_t> is_new_;      // for each of prints_
};

}  // namespace semel
