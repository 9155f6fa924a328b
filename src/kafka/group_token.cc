#include "kafka/group_token.h"

#include <cstring>
#include <string_view>

#include "kafka/rdkafka_handles.h"

namespace semel::kafka {

// "CGMDv2:" generation (4 bytes, this machine's order) group id NUL member id NUL ...
Result<GroupToken> ParseGroupToken(std::string serialized) {
  constexpr std::string_view kMagic = "CGMDv2:";
  const Error unknown{Action::kFail,
                      "librdkafka " + std::string(rd_kafka_version_str()) +
                          " writes group metadata in a format that is not known here"};
  std::string_view rest = serialized;
  GroupToken token;
  if (!rest.starts_with(kMagic)) return unknown;
  rest.remove_prefix(kMagic.size());
  if (rest.size() < sizeof token.generation) return unknown;
  std::memcpy(&token.generation, rest.data(), sizeof token.generation);
  rest.remove_prefix(sizeof token.generation);
  const std::size_t group_end = rest.find('\0');
  if (group_end == std::string_view::npos) return unknown;
  rest.remove_prefix(group_end + 1);
  const std::size_t member_end = rest.find('\0');
  if (member_end == std::string_view::npos) return unknown;
  token.member_id = std::string(rest.substr(0, member_end));
  token.serialized = std::move(serialized);
  return token;
}

}  // namespace semel::kafka
