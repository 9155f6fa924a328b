// Input: a duration, an amount of memory or a place, as flags write them. What is read can be
// written and is read as the same; what is refused is named.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "check.h"
#include "config/duration.h"
#include "config/size.h"
#include "config/start.h"

namespace semel::config {
namespace {

using fuzz::Check;

void CheckRefused(const Error& error, std::string_view text) {
  Check(error.action == Action::kFix, "another error than a setting's");
  Check(error.message.find(text) != std::string::npos, "the text does not say what is refused");
}

void CheckDuration(std::string_view text) {
  const auto duration = ParseDuration(text);
  if (!duration) return CheckRefused(duration.error(), text);
  Check(duration->count() >= 0, "a duration below 0");
  const auto again = ParseDuration(FormatDuration(*duration));
  Check(again && *again == *duration, "a duration is read back as another one");
}

void CheckSize(std::string_view text) {
  constexpr std::uint64_t kWhole = 1'000'003;
  const auto size = ParseSize(text, kWhole);
  if (!size) return CheckRefused(size.error(), text);
  if (text.ends_with('%')) return Check(*size <= kWhole, "more than the whole");
  const auto again = ParseSize(std::to_string(*size), kWhole);
  Check(again && *again == *size, "a size is read back as another one");
}

void CheckStart(std::string_view text) {
  const auto start = ParseStart(text);
  if (!start) return CheckRefused(start.error(), text);
  if (start->kind != Start::Kind::kTime || start->time_ms < 0) return;
  const auto again = ParseStart(std::to_string(start->time_ms));
  Check(again && *again == *start, "a time is read back as another one");
}

}  // namespace
}  // namespace semel::config

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  semel::config::CheckDuration(text);
  semel::config::CheckSize(text);
  semel::config::CheckStart(text);
  static_cast<void>(semel::config::ParsePlace(text));
  return 0;
}
