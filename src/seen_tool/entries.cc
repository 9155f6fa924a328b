#include "seen_tool/entries.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace semel::seen_tool {
namespace {

constexpr std::size_t kPieceEntries = 100'000;

bool Before(const Sighting& one, const Sighting& other) {
  return one.offset != other.offset ? one.offset < other.offset
                                    : one.fingerprint < other.fingerprint;
}

std::string Text(const Sighting& entry, int bits) {
  return "input offset " + std::to_string(entry.offset) + ", fingerprint " +
         ToHex(entry.fingerprint, bits) + ", time " + std::to_string(entry.time_ms);
}

}  // namespace

std::vector<Sighting> Collect(const SeenSet& seen, std::chrono::milliseconds window) {
  std::vector<Sighting> all;
  all.reserve(seen.size());
  std::vector<Sighting> piece;
  const std::int64_t stream_time = seen.stream_time_ms();
  for (const auto walk = seen.Walk(); walk->Next(kPieceEntries, piece);)
    std::copy_if(piece.begin(), piece.end(), std::back_inserter(all), [&](const Sighting& entry) {
      return StillRemembered(entry.time_ms, stream_time, window.count());
    });
  std::sort(all.begin(), all.end(), Before);
  return all;
}

std::optional<std::string> Difference(const std::vector<Sighting>& snapshot,
                                      const std::vector<Sighting>& changelog, int bits) {
  const auto [ours, theirs] =
      std::mismatch(snapshot.begin(), snapshot.end(), changelog.begin(), changelog.end());
  if (ours == snapshot.end() && theirs == changelog.end()) return std::nullopt;
  if (theirs == changelog.end() || (ours != snapshot.end() && Before(*ours, *theirs)))
    return "an entry that the changelog does not have: " + Text(*ours, bits);
  if (ours == snapshot.end() || Before(*theirs, *ours))
    return "an entry of the changelog is missing: " + Text(*theirs, bits);
  return "another time: " + Text(*ours, bits) + "; the changelog says " +
         std::to_string(theirs->time_ms);
}

std::string TimeText(std::int64_t ms) {
  if (ms == 0) return "-";
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + size, text.size() - size, ".%03dZ", static_cast<int>(ms % 1000));
  return text.data();
}

}  // namespace semel::seen_tool
