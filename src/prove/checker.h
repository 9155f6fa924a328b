// Holds what came out against what went in. Pure: reads and writes nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "prove/histories.h"
#include "prove/report.h"
#include "prove/truth.h"
#include "prove/window_model.h"

namespace semel::prove {

/// Adds to a report where the input is not what the truth file says was acknowledged. Needs no
/// more memory than a bit a record, so that the truth can be read line by line.
/// Threads: one caller at a time.
class TruthCheck {
 public:
  /// Both outlive this object.
  TruthCheck(const Histories& histories, Report& report);

  void Add(const TruthLine& line);

  /// Counts what the truth does not speak of. Call once, at the end.
  void Finish();

 private:
  const Histories& histories_;
  Report& report_;
  std::vector<bool> acknowledged_;
};

/// All checks but the truth's. Time: a hash look-up or two for each record; memory: about 300 bytes
/// for each record of the input beside the histories.
void Check(const Histories& histories, const Rules& rules, Report& report);

/// What became of each record of the input, for the comparison with the changelog.
enum class CameOut : std::uint8_t {
  kNo,
  kAsUnique,   ///< forwarded as a first sight: must be in the changelog
  kOtherwise,  ///< passed on unjudged or marked: must not be
};

/// The changelog against the output; part of Check.
void CheckChangelog(const Histories& histories, const std::vector<Judged>& judged,
                    const std::vector<CameOut>& came_out, Report& report);

/// "orders [3] offset 17"
std::string Describe(const std::string& topic, const Position& at);

/// The index of the record at `at`, or histories.input.size().
std::size_t IndexOfInput(const Histories& histories, const Position& at);

}  // namespace semel::prove
