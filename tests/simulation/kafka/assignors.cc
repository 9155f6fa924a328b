#include <algorithm>

#include "group_member.h"

namespace semel::simulation {
namespace {

/// Static members by their names, so that they are given the same again.
bool Before(const JoinedMember& one, const JoinedMember& other) {
  if (!one.instance.empty() && !other.instance.empty()) return one.instance < other.instance;
  return one.id < other.id;
}

}  // namespace

std::map<std::string, Partitions> AssignRange(std::vector<JoinedMember> members,
                                              kafka::Partition partitions) {
  std::sort(members.begin(), members.end(), Before);
  std::map<std::string, Partitions> given;
  const auto count = static_cast<kafka::Partition>(members.size());
  kafka::Partition next = 0;
  for (kafka::Partition i = 0; i < count; ++i) {
    const kafka::Partition share = partitions / count + (i < partitions % count ? 1 : 0);
    Partitions& mine = given[members[static_cast<std::size_t>(i)].id];
    for (kafka::Partition n = 0; n < share; ++n) mine.push_back(next++);
  }
  return given;
}

/// As even as can be, with everybody keeping what he has as far as that allows. What moves is given
/// in the next generation, when its owner has given it back.
std::map<std::string, Partitions> AssignSticky(const std::vector<JoinedMember>& members,
                                               kafka::Partition partitions) {
  const auto count = static_cast<kafka::Partition>(members.size());
  const auto at_most = static_cast<std::size_t>((partitions + count - 1) / count);
  const auto at_least = static_cast<std::size_t>(partitions / count);
  std::map<std::string, Partitions> given;
  std::map<kafka::Partition, std::string> owners;
  std::size_t large = 0;  // members with more than at_least
  const auto large_max = static_cast<std::size_t>(partitions % count);
  for (const JoinedMember& member : members) {
    Partitions& mine = given[member.id];
    for (const kafka::Partition partition : member.owned) {
      if (!owners.try_emplace(partition, member.id).second) continue;
      const bool room = mine.size() < at_least ||
                        (mine.size() < at_most && at_most > at_least && large < large_max);
      if (!room || partition >= partitions) continue;
      mine.push_back(partition);
      if (mine.size() > at_least) ++large;
    }
  }
  for (kafka::Partition partition = 0; partition < partitions; ++partition) {
    if (owners.contains(partition)) continue;
    const auto least = std::min_element(
        given.begin(), given.end(),
        [](const auto& one, const auto& other) { return one.second.size() < other.second.size(); });
    least->second.push_back(partition);
  }
  return given;
}

}  // namespace semel::simulation
