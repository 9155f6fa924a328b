// The token of a membership, in librdkafka's own format as far as the product reads it.
#pragma once

#include "group_coordinator.h"

namespace semel::simulation {

kafka::GroupToken TokenOf(const MemberIdentity& who);
MemberIdentity IdentityOf(const kafka::GroupToken& token, const std::string& group);

}  // namespace semel::simulation
