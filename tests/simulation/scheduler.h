// Many processes in one thread: cooperative tasks (fibers) on simulated time. No wall clock and no
// address decides anything, so that the same seed gives the same run.
//
// What happens is ordered by (time, order of asking). Code between two waits takes no time at all.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace semel::simulation {

using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

class Scheduler;
struct Task;
struct Event;

/// A simulated process of the operating system. A restart is another Process. Brokers need none:
/// they are callbacks that belong to nobody.
class Process {
 public:
  explicit Process(std::string name);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  const std::string& name() const { return name_; }
  bool alive() const { return alive_; }  ///< what a dead one sends or writes goes nowhere
  bool paused() const { return paused_; }

  /// How far its wall clock is off.
  std::chrono::milliseconds clock_error{0};

  /// Called when it is killed, before its tasks unwind: its connections break, its disk loses what
  /// was not synced.
  std::vector<std::function<void()>> when_killed;

 private:
  friend Scheduler;
  const std::string name_;
  bool alive_ = true;
  bool paused_ = false;
  std::vector<Event> held_;  // fell due while it was paused
};

/// What tasks wait for. Notify wakes all that wait now; it keeps nothing for later ones, so a wait
/// is a loop around a condition.
class Signal {
 public:
  explicit Signal(Scheduler& scheduler) : scheduler_(scheduler) {}
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  void Notify();

 private:
  friend Scheduler;
  struct Waiter {
    Task* task;
    std::uint64_t wait;
  };
  Scheduler& scheduler_;
  std::vector<Waiter> waiters_;
};

/// Thrown by a wait in a process that was killed, so that the stack unwinds. Never caught outside
/// of the scheduler. A wait in a destructor, or under a Shield, returns at once instead.
class Killed {};

/// While one lives, waits of a killed process return at once: for code that must not throw.
class Shield {
 public:
  explicit Shield(Scheduler& scheduler);
  Shield(const Shield&) = delete;
  Shield& operator=(const Shield&) = delete;
  ~Shield();

 private:
  Task* task_;
};

class Scheduler {
 public:
  struct Limits {
    Duration time = std::chrono::hours(24);
    std::uint64_t steps = 50'000'000;  ///< events
  };

  /// When every simulation begins.
  static constexpr Time kBegin{std::chrono::hours(1)};

  explicit Scheduler(Limits limits);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  ~Scheduler();
  /// What still runs unwinds at once: before the things go that it works with.
  void KillAll();

  Time Now() const { return now_; }
  /// Of simulated UTC; without anybody's clock error.
  std::int64_t WallMs() const;

  /// Runs `callback` on the scheduler, not on a task: it must not wait. A time that has passed
  /// means now, after what was asked for before.
  void At(Time time, std::function<void()> callback);
  void After(Duration duration, std::function<void()> callback) {
    At(now_ + duration, std::move(callback));
  }
  /// The same as a timer of a process: not when it is dead, later when it is paused.
  void At(Time time, Process& process, std::function<void()> callback);

  /// Lives as long as the scheduler.
  Process& NewProcess(std::string name);
  Task& Start(Process& process, std::string task, std::function<void()> run);
  /// Waits until the task has ended; one of a killed process unwinds at once. For the destructor of
  /// what the task works with.
  void Join(Task& task);

  // For tasks only. `what` tells a reader what is waited for.

  void Sleep(Duration duration, const char* what = "sleep");
  /// True when it was notified, false at the deadline or in a killed process under a Shield.
  bool WaitUntil(Signal& signal, Time deadline, const char* what);

  // From tasks and callbacks.

  /// SIGKILL. Does not return when the calling task is its.
  void Kill(Process& process);
  void Pause(Process& process);  ///< SIGSTOP. The calling task, if its, goes on to its next wait.
  void Continue(Process& process);
  /// True while the process's tasks that were started have not all ended.
  bool Running(const Process& process) const;
  /// Run returns.
  void Stop() { stopped_ = true; }

  /// Until Stop. Otherwise says why not: a limit was reached, nothing is left to happen, or a task
  /// threw; with what every task waits for.
  std::optional<std::string> Run();

  std::uint64_t steps() const { return steps_; }
  /// The process of the task that runs; null on a callback.
  Process* current_process() const;
  /// Equal for two runs that went the same way.
  std::uint64_t digest() const { return digest_; }
  void AddToDigest(std::string_view text);

 private:
  friend Signal;
  friend Shield;
  bool Wait(Signal* signal, Time deadline, const char* what);
  void Push(Time time, Event event);
  void Happen(Event& event);
  void Resume(Task& task);
  std::string WhatTasksDo() const;

  const Limits limits_;
  Time now_;
  std::uint64_t steps_ = 0;
  std::uint64_t asked_ = 0;
  std::uint64_t digest_ = 0;
  bool stopped_ = false;
  Task* current_ = nullptr;
  std::string failure_;
  std::vector<Event> events_;  // a heap
  std::deque<std::unique_ptr<Process>> processes_;
  std::deque<std::unique_ptr<Task>> tasks_;
};

/// The clock that a process sees.
class ProcessClock final : public Clock {
 public:
  ProcessClock(Scheduler& scheduler, const Process& process)
      : scheduler_(scheduler), process_(process) {}
  std::int64_t WallMs() const override {
    return scheduler_.WallMs() + process_.clock_error.count();
  }
  Time Now() const override { return scheduler_.Now(); }
  void Sleep(std::chrono::milliseconds time) const override { scheduler_.Sleep(time); }

 private:
  Scheduler& scheduler_;
  const Process& process_;
};

}  // namespace semel::simulation
