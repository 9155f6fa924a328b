#include "task_background.h"

#include <utility>

namespace semel::simulation {
namespace {

class TaskBackground final : public Background {
 public:
  TaskBackground(Scheduler& scheduler, Process& process, std::function<bool()> step)
      : scheduler_(scheduler),
        step_(std::move(step)),
        changed_(scheduler),
        task_(scheduler.Start(process, "background", [this] { Run(); })) {}

  ~TaskBackground() override {
    closing_ = true;
    changed_.Notify();
    scheduler_.Join(task_);
  }

  void Wake() override {
    woken_ = true;
    changed_.Notify();
  }

 private:
  void Run() {
    for (;;) {
      while (!closing_ && !woken_) scheduler_.WaitUntil(changed_, Time::max(), "work");
      if (!std::exchange(woken_, false)) return;
      while (step_()) continue;
    }
  }

  Scheduler& scheduler_;
  const std::function<bool()> step_;
  Signal changed_;
  bool woken_ = false;
  bool closing_ = false;
  Task& task_;
};

}  // namespace

BackgroundOpener BackgroundTasks(Scheduler& scheduler, Process& process) {
  return [&](std::function<bool()> step) {
    return std::make_unique<TaskBackground>(scheduler, process, std::move(step));
  };
}

}  // namespace semel::simulation
