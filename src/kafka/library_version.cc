#include "kafka/library_version.h"

#include <algorithm>
#include <iterator>

#include "kafka/rdkafka_handles.h"

namespace semel::kafka {
namespace {

struct Versions {
  int first;
  int end;  // the first one without it
  const char* what;
};

constexpr int kOldest = 0x020002ff;

constexpr Versions kRefused[] = {
    {0, kOldest, "nothing here was tested with it"},
    {0x020100ff, 0x020101ff, "its consumers give messages twice (librdkafka #4261)"},
    {0x020200ff, 0x020500ff,
     "its idempotent producer fails for good when it repeats a large batch, so that nobody knows "
     "whether it was written (librdkafka #4750)"},
};

constexpr Versions kDoubtful[] = {
    {0x020500ff, 0x020503ff,
     "it ends the process when the brokers ask for metrics that it has not (librdkafka #4826); -X "
     "enable.metrics.push=false helps"},
    {0x020a00ff, 0x020a01ff,
     "after all brokers were away it may not find them again until it is restarted (librdkafka "
     "#5088)"},
};

template <std::size_t kSize>
const Versions* Find(const Versions (&versions)[kSize], int version) {
  const auto* found = std::find_if(std::begin(versions), std::end(versions), [&](const auto& each) {
    return each.first <= version && version < each.end;
  });
  return found == std::end(versions) ? nullptr : found;
}

std::string Name(int version) {
  const auto part = [version](int shift) { return std::to_string(version >> shift & 0xff); };
  return part(24) + "." + part(16) + "." + part(8);
}

std::string Text(int version, const Versions& found) {
  return "this is librdkafka " + Name(version) + ": " + found.what;
}

}  // namespace

std::string LibraryVersion() { return rd_kafka_version_str(); }

std::string LibraryVersionOfBuild() { return Name(RD_KAFKA_VERSION); }

Result<void> CheckLibrary(int version) {
  const Versions* found = Find(kRefused, version);
  if (found == nullptr) return {};
  return Error{Action::kFix,
               Text(version, *found) + ". Install another one: 2.0.2, 2.1.1, or 2.5.3 or newer"};
}

std::optional<std::string> LibraryWarning(int version) {
  const Versions* found = Find(kDoubtful, version);
  if (found == nullptr) return std::nullopt;
  return Text(version, *found) + ". A newer one does not";
}

}  // namespace semel::kafka
