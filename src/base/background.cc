#include "base/background.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace semel {
namespace {

class BackgroundThread final : public Background {
 public:
  explicit BackgroundThread(std::function<bool()> step)
      : step_(std::move(step)), thread_([this] { Run(); }) {}

  ~BackgroundThread() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
      changed_.notify_one();
    }
    thread_.join();
  }

  void Wake() override {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_one();
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return closing_ || woken_; });
      if (!std::exchange(woken_, false)) return;
      lock.unlock();
      while (step_()) continue;
      lock.lock();
    }
  }

  const std::function<bool()> step_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Background> OpenBackgroundThread(std::function<bool()> step) {
  return std::make_unique<BackgroundThread>(std::move(step));
}

}  // namespace semel
