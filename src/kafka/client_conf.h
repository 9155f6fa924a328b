// What every librdkafka client of ours is configured with, in one place.
#pragma once

#include <string>
#include <vector>

#include "kafka/rdkafka_handles.h"
#include "kafka/settings.h"
#include "semel/result.h"

namespace semel::kafka {

struct Property {
  const char* name;
  std::string value;
};
using Properties = std::vector<Property>;

/// What a member of a group begins with; it may be changed. `instance` empty: a dynamic member.
Properties MembershipDefaults(const std::string& instance);

/// Reads the input topic as a member of `group`; `instance` empty: a dynamic member.
Result<ConfPtr> ConsumerConf(const ClientSettings& settings, const std::string& group,
                             const std::string& instance);

/// `batch_bytes`: the most that goes into one batch, so that the smallest of the topics takes it.
Result<ConfPtr> ProducerConf(const ClientSettings& settings, const std::string& transactional_id,
                             int batch_bytes);

/// Reads partitions and offsets outside of membership. With `committed_only` (read_committed) the
/// group's offsets are stable ones and the end is the last stable offset; without, both are not.
Result<ConfPtr> LogReaderConf(const ClientSettings& settings, const std::string& group,
                              bool committed_only);

Result<ConfPtr> AdminConf(const ClientSettings& settings);

/// For the producer and consumers of the library: `defaults`, then what the program says in
/// `settings`, then what it cannot change.
Result<ConfPtr> LibraryConf(const ClientSettings& settings, const Properties& defaults,
                            const Properties& fixed);

}  // namespace semel::kafka
