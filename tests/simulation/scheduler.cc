#include "scheduler.h"

#include <cxxabi.h>

#include <algorithm>
#include <boost/context/fiber.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>
#include <cstring>
#include <exception>
#include <tuple>
#include <utility>

#include "prove/random.h"

namespace semel::simulation {
namespace {

namespace context = boost::context;

constexpr std::size_t kStackBytes = std::size_t{256} << 10U;
constexpr std::int64_t kBeginWallMs = 1'700'000'000'000;

// What the C++ runtime keeps for a thread: which exceptions are under way. Each task has its own.
struct ExceptionState {
  void* caught = nullptr;
  unsigned int uncaught = 0;

  void Swap() {
    ExceptionState now;
    std::memcpy(static_cast<void*>(&now), abi::__cxa_get_globals(), sizeof now);
    std::memcpy(abi::__cxa_get_globals(), this, sizeof now);
    *this = now;
  }
};

}  // namespace

struct Event {
  Time time{};
  std::uint64_t order = 0;
  Process* process = nullptr;
  Task* task = nullptr;  // resumes it, when it still is in that wait
  std::uint64_t wait = 0;
  std::function<void()> callback;

  // The first one is on top of a heap.
  bool operator<(const Event& other) const {
    return std::tie(other.time, other.order) < std::tie(time, order);
  }
};

struct Task {
  Task(Scheduler& its_scheduler, Process& its_process, std::string its_name)
      : process(&its_process), name(std::move(its_name)), over(its_scheduler) {}

  Process* process;
  std::string name;
  Signal over;
  ExceptionState exceptions{};
  context::fiber fiber{};
  context::fiber scheduler{};
  bool ended = false;
  int shields = 0;
  std::uint64_t wait = 0;
  bool notified = false;
  const char* waits_for = "its start";
  Time waits_since{};
};

Process::Process(std::string name) : name_(std::move(name)) {}

Process::~Process() = default;

void Signal::Notify() {
  for (const Waiter& waiter : std::exchange(waiters_, {})) {
    if (waiter.task->ended || waiter.task->wait != waiter.wait) continue;
    waiter.task->notified = true;
    scheduler_.Push(scheduler_.now_, {.process = waiter.task->process,
                                      .task = waiter.task,
                                      .wait = waiter.wait,
                                      .callback = {}});
  }
}

Shield::Shield(Scheduler& scheduler) : task_(scheduler.current_) {
  if (task_ != nullptr) ++task_->shields;
}

Shield::~Shield() {
  if (task_ != nullptr) --task_->shields;
}

Scheduler::Scheduler(Limits limits) : limits_(limits), now_(kBegin) {}

Scheduler::~Scheduler() { KillAll(); }

void Scheduler::KillAll() {
  for (const auto& process : processes_) process->alive_ = false;
  for (const auto& task : tasks_) {
    if (!task->ended) Resume(*task);
  }
}

std::int64_t Scheduler::WallMs() const {
  return kBeginWallMs +
         std::chrono::duration_cast<std::chrono::milliseconds>(now_ - kBegin).count();
}

void Scheduler::Push(Time time, Event event) {
  event.time = std::max(time, now_);
  event.order = ++asked_;
  events_.push_back(std::move(event));
  std::push_heap(events_.begin(), events_.end());
}

void Scheduler::At(Time time, std::function<void()> callback) {
  Push(time, {.callback = std::move(callback)});
}

void Scheduler::At(Time time, Process& process, std::function<void()> callback) {
  Push(time, {.process = &process, .callback = std::move(callback)});
}

Process& Scheduler::NewProcess(std::string name) {
  return *processes_.emplace_back(std::make_unique<Process>(std::move(name)));
}

Process* Scheduler::current_process() const {
  return current_ == nullptr ? nullptr : current_->process;
}

void Scheduler::AddToDigest(std::string_view text) {
  for (const char letter : text)
    digest_ = (digest_ ^ static_cast<unsigned char>(letter)) * 0x100000001B3U;
  digest_ = prove::Mix(digest_);
}

// --- tasks --------------------------------------------------------------------------------------

Task& Scheduler::Start(Process& process, std::string name, std::function<void()> run) {
  Task& task = *tasks_.emplace_back(std::make_unique<Task>(*this, process, std::move(name)));
  task.waits_since = now_;
  task.fiber = context::fiber(
      std::allocator_arg, context::protected_fixedsize_stack(kStackBytes),
      [this, &task, run = std::move(run)](context::fiber&& scheduler) mutable {
        task.scheduler = std::move(scheduler);
        try {
          if (task.process->alive()) run();
        } catch (const Killed&) {  // as it should be
        } catch (const std::exception& error) {
          failure_ = task.process->name() + " " + task.name + " threw " + error.what();
        }
        run = {};  // what it holds goes while this is still the task
        task.ended = true;
        task.over.Notify();
        return std::move(task.scheduler);
      });
  Push(now_, {.process = &process, .task = &task, .wait = task.wait, .callback = {}});
  return task;
}

void Scheduler::Join(Task& task) {
  const Shield shield(*this);
  while (!task.ended && task.process->alive()) WaitUntil(task.over, Time::max(), "another task");
  if (!task.ended) Resume(task);
}

void Scheduler::Resume(Task& task) {
  Task* const before = std::exchange(current_, &task);
  task.exceptions.Swap();
  task.fiber = std::move(task.fiber).resume();
  task.exceptions.Swap();
  current_ = before;
}

bool Scheduler::Wait(Signal* signal, Time deadline, const char* what) {
  Task& task = *current_;
  const auto killed = [&] {
    if (task.process->alive()) return false;
    if (task.shields == 0 && std::uncaught_exceptions() == 0) throw Killed();
    return true;
  };
  if (killed()) return false;
  ++task.wait;
  task.notified = false;
  task.waits_for = what;
  task.waits_since = now_;
  if (signal != nullptr) signal->waiters_.push_back({&task, task.wait});
  Push(deadline, {.process = task.process, .task = &task, .wait = task.wait, .callback = {}});
  task.scheduler = std::move(task.scheduler).resume();
  return !killed() && task.notified;
}

void Scheduler::Sleep(Duration duration, const char* what) { Wait(nullptr, now_ + duration, what); }

bool Scheduler::WaitUntil(Signal& signal, Time deadline, const char* what) {
  return Wait(&signal, deadline, what);
}

// --- processes ----------------------------------------------------------------------------------

void Scheduler::Kill(Process& process) {
  if (!process.alive_) return;
  process.alive_ = false;
  process.held_.clear();
  for (const auto& callback : std::exchange(process.when_killed, {})) callback();
  for (const auto& task : tasks_) {
    if (task->process != &process || task->ended || task.get() == current_) continue;
    Push(now_, {.task = task.get(), .wait = task->wait, .callback = {}});
  }
  if (current_ != nullptr && current_->process == &process) Sleep(Duration::zero());
}

void Scheduler::Pause(Process& process) { process.paused_ = true; }

void Scheduler::Continue(Process& process) {
  process.paused_ = false;
  for (Event& event : std::exchange(process.held_, {})) {
    const Time time = event.time;
    Push(time, std::move(event));
  }
}

bool Scheduler::Running(const Process& process) const {
  return std::any_of(tasks_.begin(), tasks_.end(),
                     [&](const auto& task) { return task->process == &process && !task->ended; });
}

// --- the loop -----------------------------------------------------------------------------------

std::optional<std::string> Scheduler::Run() {
  const Time until = kBegin + limits_.time;
  while (!stopped_) {
    if (events_.empty()) return "nothing is left to happen; " + WhatTasksDo();
    std::pop_heap(events_.begin(), events_.end());
    Event event = std::move(events_.back());
    events_.pop_back();
    now_ = std::max(now_, event.time);
    if (now_ > until) return "the simulated time is used up; " + WhatTasksDo();
    if (++steps_ > limits_.steps) return "too many steps; " + WhatTasksDo();
    Happen(event);
    if (!failure_.empty()) return failure_;
  }
  return std::nullopt;
}

void Scheduler::Happen(Event& event) {
  if (event.process != nullptr) {
    if (!event.process->alive()) return;
    if (event.process->paused()) {
      event.process->held_.push_back(std::move(event));
      return;
    }
  }
  digest_ = prove::Mix(digest_ ^ event.order ^
                       static_cast<std::uint64_t>(event.time.time_since_epoch().count()));
  if (event.task == nullptr) return event.callback();
  if (!event.task->ended && event.task->wait == event.wait) Resume(*event.task);
}

std::string Scheduler::WhatTasksDo() const {
  std::string text = "tasks:";
  for (const auto& task : tasks_) {
    if (task->ended || !task->process->alive()) continue;
    const auto since =
        std::chrono::duration_cast<std::chrono::milliseconds>(now_ - task->waits_since);
    text += "\n  " + task->process->name() + " " + task->name + " waits for " + task->waits_for +
            " since " + std::to_string(since.count()) + " ms" +
            (task->process->paused() ? ", paused" : "");
  }
  return text;
}

}  // namespace semel::simulation
