// No core dump of a process that holds a secret.
#pragma once

#include <sys/prctl.h>

namespace semel {

/// From now on the kernel writes none of this process, and lets nobody but root trace it. Called
/// before the first secret is in memory.
inline void EndCoreDumps() { ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

}  // namespace semel
