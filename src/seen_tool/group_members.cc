#include "seen_tool/group_members.h"

#include "kafka/client_conf.h"
#include "kafka/instance.h"
#include "kafka/rdkafka_handles.h"

namespace semel::seen_tool {
namespace {

constexpr int kAskMs = 30'000;

using GroupListPtr =
    std::unique_ptr<const rd_kafka_group_list, kafka::DestroyWith<rd_kafka_group_list_destroy>>;

}  // namespace

Result<std::vector<std::string>> GroupMembers(const kafka::ClientSettings& settings,
                                              const std::string& group, Logger& logger) {
  SEMEL_TRY_ASSIGN(kafka::ConfPtr conf, kafka::AdminConf(settings));
  kafka::Instance::Parts parts;
  parts.name = "group reader";
  parts.principal = Principal(settings);
  SEMEL_TRY_ASSIGN(const auto instance, kafka::Instance::Open(RD_KAFKA_CONSUMER, std::move(conf),
                                                              std::move(parts), logger));
  const std::string what = "ask for the members of group " + group;
  const rd_kafka_group_list* raw = nullptr;
  const auto code = rd_kafka_list_groups(instance->get(), group.c_str(), &raw, kAskMs);
  const GroupListPtr groups(raw);
  rd_kafka_poll(instance->get(), 0);  // serves the error callback
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return instance->broken() ? *instance->broken() : instance->Describe(code, what);
  std::vector<std::string> members;
  for (int i = 0; i < groups->group_cnt; ++i) {
    const rd_kafka_group_info& found = groups->groups[i];
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return instance->Describe(found.err, what);
    for (int k = 0; k < found.member_cnt; ++k)
      members.push_back(std::string(found.members[k].client_id) + " " +
                        found.members[k].client_host);
  }
  return members;
}

}  // namespace semel::seen_tool
