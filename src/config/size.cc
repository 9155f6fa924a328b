#include "config/size.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <sstream>

#include "base/file.h"

namespace semel::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};

constexpr std::array<Unit, 9> kUnits{{{"", 1},
                                      {"KiB", 1ULL << 10U},
                                      {"MiB", 1ULL << 20U},
                                      {"GiB", 1ULL << 30U},
                                      {"TiB", 1ULL << 40U},
                                      {"K", 1ULL << 10U},
                                      {"M", 1ULL << 20U},
                                      {"G", 1ULL << 30U},
                                      {"T", 1ULL << 40U}}};

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

/// The limit in `file`; version 2 writes `max` for none, and a folder may have no such file.
std::uint64_t LimitIn(const std::string& file) {
  const auto content = ReadFile(file);
  if (!content) return kNoLimit;
  std::uint64_t limit = kNoLimit;
  std::from_chars(content->data(), content->data() + content->size(), limit);
  return limit;
}

/// The least limit of the cgroup `path` and those above it. In a container the path is often the
/// host's and not to be seen: then only the top one is, and that is the container's own.
std::uint64_t LimitUpwards(const std::string& mount, std::string path, const std::string& file) {
  std::uint64_t limit = kNoLimit;
  for (;;) {
    limit = std::min(limit, LimitIn(std::string(mount).append(path).append("/").append(file)));
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return limit;
    path.resize(slash);
  }
}

/// Lines of /proc/self/cgroup read `0::/path` (version 2) or `5:memory:/path` (version 1).
std::uint64_t CgroupLimit(const std::string& root) {
  const auto groups = ReadFile(root + "/proc/self/cgroup");
  if (!groups) return kNoLimit;
  const std::string mount = root + "/sys/fs/cgroup";
  std::uint64_t limit = kNoLimit;
  std::istringstream lines(*groups);
  std::string line;
  while (std::getline(lines, line)) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    std::string controllers = line.substr(first, second + 1 - first);
    std::ranges::replace(controllers, ':', ',');
    const std::string path = line.substr(second + 1);
    if (controllers == ",,") {
      limit = std::min(limit, LimitUpwards(mount, path, "memory.max"));
    } else if (controllers.find(",memory,") != std::string::npos) {
      limit = std::min(limit, LimitUpwards(mount + "/memory", path, "memory.limit_in_bytes"));
    }
  }
  return limit;
}

}  // namespace

Result<std::uint64_t> ParseSize(std::string_view text, std::uint64_t whole) {
  std::uint64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, count);
  if (error == std::errc{}) {
    const std::string_view name(rest, static_cast<std::size_t>(end - rest));
    if (name == "%" && count >= 1 && count <= 100) return whole / 100 * count;
    for (const Unit& unit : kUnits) {
      if (unit.name == name && count <= kNoLimit / unit.bytes) return count * unit.bytes;
    }
  }
  return Error{Action::kFix, std::string("not an amount of memory: '")
                                 .append(text)
                                 .append("'; write bytes, 512MiB, 4GiB, 2G or 70%")};
}

Result<std::uint64_t> MachineMemoryLimit(const std::string& root) {
  const std::string file = root + "/proc/meminfo";
  SEMEL_TRY_ASSIGN(const std::string meminfo, ReadFile(file));
  std::istringstream words(meminfo);
  std::string name;
  std::uint64_t kibibytes = 0;
  if (!(words >> name >> kibibytes) || name != "MemTotal:")
    return Error{Action::kFail, file + " does not begin with MemTotal"};
  return std::min(kibibytes * 1024, CgroupLimit(root));
}

}  // namespace semel::config
