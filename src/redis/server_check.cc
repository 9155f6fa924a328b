#include "redis/server_check.h"

#include <fmt/format.h>

namespace semel::redis {
namespace {

// The value of a `name:value` line; empty: there is none.
std::string_view Field(std::string_view info, std::string_view name) {
  const std::string line = fmt::format("\n{}:", name);
  const std::size_t at = info.find(line);
  if (at == std::string_view::npos) return {};
  info.remove_prefix(at + line.size());
  return info.substr(0, info.find_first_of("\r\n"));
}

}  // namespace

Result<std::vector<std::string>> CheckServer(std::string_view info) {
  if (Field(info, "redis_mode") == "cluster" || Field(info, "cluster_enabled") == "1")
    return Error{Action::kFix, "it is a Redis Cluster, which is not supported: use a single Redis"};
  if (Field(info, "redis_mode") == "sentinel")
    return Error{Action::kFix,
                 "it is a Sentinel, which is not supported: give the address of the master"};
  if (Field(info, "loading") == "1") return Error{Action::kRetry, "it still loads its data"};
  if (Field(info, "role") != "master") return Error{Action::kRetry, "it is a replica"};
  const std::string_view policy = Field(info, "maxmemory_policy");
  if (policy.empty()) return Error{Action::kFix, "its INFO does not tell maxmemory_policy"};
  // Whatever the limit is: it can be set later, and nobody would look again.
  if (policy != "noeviction")
    return Error{Action::kStop,
                 fmt::format("it may evict what was seen, and events would come out twice: "
                             "maxmemory-policy is {}. Set maxmemory-policy noeviction",
                             policy)};
  std::vector<std::string> warnings;
  if (Field(info, "aof_enabled") == "0")
    warnings.emplace_back(
        "it keeps no append-only file: what was seen since its last snapshot is lost when it "
        "crashes, and comes out twice. Set appendonly yes");
  return warnings;
}

}  // namespace semel::redis
