#include "machines.h"

#include <array>

namespace semel::simulation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kMachines = 4;

/// Mostly short, sometimes past every time-out.
Duration HowLong(prove::Random& random) {
  constexpr std::array<std::uint64_t, 6> kMost{300, 1000, 3000, 8000, 20'000, 45'000};
  return milliseconds(50 + random.Below(kMost[random.Below(kMost.size())]));
}

/// A process may end with these, and be started again.
bool IsAllowed(const Error& error) {
  return error.action == Action::kConnect ||
         error.message.find("fenced more than 5 times") != std::string::npos;
}

}  // namespace

Machines::Machines(Cluster& cluster, const Knobs& knobs, Trace& trace)
    : cluster_(cluster),
      scheduler_(cluster.scheduler()),
      faults_(cluster.faults()),
      knobs_(knobs),
      trace_(trace) {
  for (std::size_t number = 1; number <= kMachines; ++number) {
    Machine& machine = machines_.emplace_back();
    machine.name.append("w").append(std::to_string(number));
    machine.disk = std::make_unique<SimulatedDisk>(scheduler_, faults_, machine.name);
    machine.wanted = number <= static_cast<std::size_t>(knobs.workers);
  }
}

void Machines::Start(Machine& machine) {
  ++machine.lives;
  trace_.Say("starts " + machine.name);
  lives_.push_back(std::make_unique<Worker>(Worker::Parts{cluster_, knobs_, *machine.disk, trace_},
                                            machine.name, machine.lives));
  machine.worker = lives_.back().get();
  machine.worker->process().clock_error = machine.clock_error;
}

void Machines::Tick() {
  Scale();
  for (Machine& machine : machines_) {
    if (machine.worker != nullptr && machine.worker->ended()) Gone(machine, seconds(1));
    if (machine.worker != nullptr) {
      Befall(machine);
    } else if (machine.wanted && !stopping_ && scheduler_.Now() >= machine.start_at) {
      Start(machine);
    }
  }
}

void Machines::Befall(Machine& machine) {
  auto fault = faults_.Ask(machine.name, {{"kill", 0.015},
                                          {"power_failure", 0.005},
                                          {"pause", 0.015},
                                          {"stop", 0.01},
                                          {"replace", 0.004},
                                          {"clock_jump", 0.01}});
  if (!fault) return;
  const Duration how_long = HowLong(fault->details);
  if (fault->kind == "kill" || fault->kind == "power_failure") {
    scheduler_.Kill(machine.worker->process());
    if (fault->kind == "power_failure") machine.disk->PowerFailure();
    Gone(machine, how_long);
  } else if (fault->kind == "pause") {
    Pause(machine, how_long);
  } else if (fault->kind == "stop") {
    machine.worker->Stop();
  } else if (fault->kind == "replace") {
    Replace(machine, how_long);
  } else {
    JumpClock(machine, fault->details);
  }
}

void Machines::Gone(Machine& machine, Duration for_how_long) {
  machine.worker = nullptr;
  machine.start_at = scheduler_.Now() + for_how_long;
}

void Machines::Pause(Machine& machine, Duration how_long) {
  Process& process = machine.worker->process();
  scheduler_.Pause(process);
  scheduler_.After(how_long, [this, &process] { scheduler_.Continue(process); });
}

/// It hangs, another one with its name is started elsewhere, and then it wakes up.
void Machines::Replace(Machine& machine, Duration after) {
  replaced_.insert(machine.name);
  Pause(machine, after);
  old_disks_.push_back(std::move(machine.disk));
  machine.disk = std::make_unique<SimulatedDisk>(scheduler_, faults_, machine.name);
  Gone(machine, after / 2);
}

void Machines::JumpClock(Machine& machine, prove::Random& random) {
  if (!knobs_.clock_jumps) return;
  // Never further back than what a record's time may be ahead. A record without a time of its own
  // has the clock's, so two clocks that differ by the window (1 h at least here) put it out of the
  // window of its copies; days forward, everything without a time. The checker cannot know the
  // clocks.
  const std::array<milliseconds, 4> errors{milliseconds(0), minutes(-25), minutes(25),
                                           knobs_.odd_times > 0 ? hours(0) : hours(8 * 24)};
  machine.clock_error = errors[random.Below(errors.size())];
  machine.worker->process().clock_error = machine.clock_error;
}

void Machines::Scale() {
  auto fault = faults_.Ask("scale", {{"scale_up", 0.01}, {"scale_down", 0.01}});
  if (!fault) return;
  const bool up = fault->kind == "scale_up";
  std::size_t left = 1 + fault->details.Below(kMachines - 1);
  for (std::size_t i = 1; i < machines_.size() && left > 0; ++i) {
    Machine& machine = machines_[up ? i : machines_.size() - i];
    if (machine.wanted == up) continue;
    machine.wanted = up;
    if (!up && machine.worker != nullptr) machine.worker->Stop();
    --left;
  }
}

void Machines::Heal() {
  for (const auto& worker : lives_) scheduler_.Continue(worker->process());
  for (Machine& machine : machines_) {
    machine.start_at = scheduler_.Now();
    if (machine.worker != nullptr) machine.wanted = true;
  }
  machines_.front().wanted = true;
}

void Machines::StopOne() {
  for (const Machine& machine : machines_) {
    if (machine.worker != nullptr) return machine.worker->Stop();
  }
}

void Machines::Stop() {
  stopping_ = true;
  for (const auto& worker : lives_) worker->Stop();
}

bool Machines::ended() const {
  for (const auto& worker : lives_) {
    if (worker->process().alive() && !worker->ended()) return false;
  }
  return true;
}

std::vector<Counted> Machines::Counts() const {
  std::vector<Counted> counts;
  for (const auto& worker : lives_) {
    Counted counted{worker->process().name(), worker->Figures(),
                    worker->ended() && !worker->error()};
    // What an unknown commit held is not counted where somebody else went on from it.
    for (const auto& lane : counted.figures.lanes)
      counted.all_told = counted.all_told && lane.transactions_unknown == 0;
    counts.push_back(std::move(counted));
  }
  return counts;
}

Findings Machines::Errors() const {
  Findings findings;
  for (const auto& worker : lives_) {
    if (!worker->error() || IsAllowed(*worker->error())) continue;
    // Two that go by one name: either may find that the other one took it.
    if (replaced_.contains(worker->process().name()) &&
        worker->error()->message.find("same --instance") != std::string::npos)
      continue;
    findings.push_back({"stopped", worker->process().name() + ": " + worker->error()->message});
  }
  return findings;
}

const SeenSet* Machines::SetOf(kafka::Partition partition, kafka::Offset committed) const {
  const SeenSet* found = nullptr;
  for (const Machine& machine : machines_) {
    if (machine.worker == nullptr) continue;
    const SeenSet* set = machine.worker->SetOf(partition, committed);
    if (set != nullptr && found != nullptr) return nullptr;
    if (set != nullptr) found = set;
  }
  return found;
}

std::vector<SimulatedDisk*> Machines::Disks() const {
  std::vector<SimulatedDisk*> disks;
  for (const Machine& machine : machines_) disks.push_back(machine.disk.get());
  return disks;
}

}  // namespace semel::simulation
