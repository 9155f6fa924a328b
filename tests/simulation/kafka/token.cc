#include "token.h"

#include <cstring>

#include "kafka/group_token.h"

namespace semel::simulation {

kafka::GroupToken TokenOf(const MemberIdentity& who) {
  std::string generation(sizeof who.generation, '\0');
  std::memcpy(generation.data(), &who.generation, sizeof who.generation);
  std::string text = "CGMDv2:" + generation + who.group + '\0' + who.member + '\0' + who.instance;
  auto token = kafka::ParseGroupToken(std::move(text));
  return token ? std::move(*token) : kafka::GroupToken{};
}

MemberIdentity IdentityOf(const kafka::GroupToken& token, const std::string& group) {
  MemberIdentity who{.group = group, .member = token.member_id, .generation = token.generation};
  who.instance = token.serialized.substr(token.serialized.rfind('\0') + 1);
  return who;
}

}  // namespace semel::simulation
