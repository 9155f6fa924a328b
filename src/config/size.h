// Amounts of memory as flags write them, and how much there is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "semel/result.h"

namespace semel::config {

/// Bytes: a whole number (`1048576`), with a binary unit (`512KiB`, `512MiB`, `4GiB`, `1TiB`, or
/// short `2G`), or a share of `whole` (`70%`, 1 to 100).
/// Errors: kFix, naming the text and the units.
Result<std::uint64_t> ParseSize(std::string_view text, std::uint64_t whole);

/// What this process can have: the machine's memory, or the limit of a cgroup (version 2 or 1) that
/// it is in, where that is less. `root`: where to look for /proc and /sys; tests bring their own.
/// Errors: kFail when /proc/meminfo cannot be read.
Result<std::uint64_t> MachineMemoryLimit(const std::string& root = "");

}  // namespace semel::config
