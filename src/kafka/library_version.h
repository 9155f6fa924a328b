// Which librdkafka is linked, and which ones are not to be worked with.
#pragma once

#include <optional>
#include <string>

#include "semel/result.h"

namespace semel::kafka {

/// The version of the librdkafka that is linked.
std::string LibraryVersion();

/// The version that this program was compiled with.
std::string LibraryVersionOfBuild();

/// Errors: kFix when records are known to be repeated or lost with that librdkafka (`version` as in
/// rd_kafka_version), saying which to take instead.
Result<void> CheckLibrary(int version);

/// What goes wrong with it without a record being lost or repeated.
std::optional<std::string> LibraryWarning(int version);

}  // namespace semel::kafka
