// What this process is called, and where that name is kept.
#pragma once

#include <optional>
#include <string>

#include "base/file.h"
#include "semel/result.h"

namespace semel {

/// Holds the lock on the state directory as long as it lives.
struct InstanceName {
  std::string name;
  bool stable = false;  ///< it will be the same at the next start
  std::optional<FileLock> lock;
};

/// `given`: --instance, wins. Else the name in `state_dir`, where it is put at the first start.
/// Else a random one. Both may be empty. Errors: kFix, kFail: naming the directory.
Result<InstanceName> TakeInstanceName(const std::string& given, const std::string& state_dir);

}  // namespace semel
