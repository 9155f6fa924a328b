// Work that goes on beside its owner: on a thread, or on whatever a simulation has instead.
#pragma once

#include <functional>
#include <memory>

namespace semel {

class Background {
 public:
  Background() = default;
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  /// Returns when nothing is left to do.
  virtual ~Background() = default;
  /// There is something to do. Threads: any.
  virtual void Wake() = 0;
};

/// Calls `step` beside the caller, one call at a time, as long as it says that there is more.
using BackgroundOpener = std::function<std::unique_ptr<Background>(std::function<bool()> step)>;

/// On a thread of its own.
std::unique_ptr<Background> OpenBackgroundThread(std::function<bool()> step);

}  // namespace semel
