// `semel uniq`: of lines with the same fingerprint only the first, in the order of the input.
#pragma once

#include <functional>

#include "semel/fingerprint.h"
#include "uniq/line_block.h"
#include "uniq/line_input.h"

namespace semel {

struct UniqOptions {
  KeyRule rule;            ///< 128 bits
  std::uint64_t seed = 0;  ///< secret of this process: see FingerprintSet
  unsigned threads = 1;    ///< at least 1
};

/// Called for each block, with its counts, by one thread at a time.
using OnLines = std::function<void(const LineCounts&)>;

/// Reads `input` to its end and writes to descriptor `out`. False: the reader of `out` went away,
/// and so the rest was not read.
/// Errors: kFix: the rule, or an input that cannot be read (what came before it was written).
/// kFail: writing failed, or memory is full.
Result<bool> Uniq(const UniqOptions& options, LineInput& input, int out, const OnLines& on_lines);

}  // namespace semel
