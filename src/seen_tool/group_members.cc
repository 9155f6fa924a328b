#include "seen_tool/group_members.h"

#include "kafka/group_admin.h"

namespace semel::seen_tool {
namespace {

constexpr kafka::Milliseconds kAskTimeout{30'000};

}  // namespace

Result<std::vector<std::string>> GroupMembers(const kafka::ClientSettings& settings,
                                              const std::string& group, Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto groups, kafka::GroupAdmin::Open(settings, logger));
  SEMEL_TRY_ASSIGN(const auto description, groups->Describe(group, kAskTimeout));
  std::vector<std::string> members;
  for (const kafka::GroupMember& member : description.members)
    members.push_back(member.client_id + " " + member.host);
  return members;
}

}  // namespace semel::seen_tool
