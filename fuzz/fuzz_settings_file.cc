// Input: a settings file of `semel dedup`, and the same as the file of `semel run`. It is taken, or
// refused with its place; nothing else.
#include <sys/mman.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "check.h"
#include "dedup_flags.h"
#include "run_file.h"

namespace semel::app {
namespace {

using fuzz::Check;

void CheckDedup(const std::string& path) {
  CLI::App command("", "dedup");
  DedupFlags flags;
  flags.AddTo(command);
  try {
    command.parse("--config " + path);
  } catch (const CLI::ParseError& error) {
    Check(error.what()[0] != '\0', "refused without a reason");
    return;
  }
  const auto options = flags.Options();
  Check(options || !options.error().message.empty(), "refused without a reason");
}

void CheckRun(const std::string& path) {
  const auto plan = ReadRunFile(path);
  if (plan) return Check(!plan->pipelines.empty(), "a plan without pipelines");
  Check(plan.error().message.starts_with(path + ":"), "the text does not say where");
}

}  // namespace
}  // namespace semel::app

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = ::memfd_create("settings", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  semel::fuzz::Check(
      ::ftruncate(file, 0) == 0 && ::pwrite(file, data, size, 0) == static_cast<ssize_t>(size),
      "cannot write a file in memory");
  semel::app::CheckDedup(path);
  semel::app::CheckRun(path);
  return 0;
}
