// The machines that workers run on: what befalls them, and who starts them again.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "findings.h"
#include "trace.h"
#include "worker.h"

namespace semel::simulation {

class Machines {
 public:
  Machines(Cluster& cluster, const Knobs& knobs, Trace& trace);

  /// From now and then: asks for faults, and starts what is to run and does not.
  void Tick();
  /// Nothing is paused any more, everything wanted runs at the next Tick.
  void Heal();
  /// The first process that runs leaves the group, and is started again.
  void StopOne();
  /// All of them, as SIGTERM does.
  void Stop();
  bool ended() const;

  const std::deque<std::unique_ptr<Worker>>& lives() const { return lives_; }
  std::vector<Counted> Counts() const;
  /// What no process should have ended with.
  Findings Errors() const;
  /// What is remembered of a partition up to the committed offset; null where nobody safely does.
  const SeenSet* SetOf(kafka::Partition partition, kafka::Offset committed) const;
  std::vector<SimulatedDisk*> Disks() const;

 private:
  struct Machine {
    std::string name;
    std::unique_ptr<SimulatedDisk> disk;
    Worker* worker = nullptr;
    int lives = 0;
    bool wanted = false;
    Time start_at{};
    std::chrono::milliseconds clock_error{0};
  };

  void Start(Machine& machine);
  void Befall(Machine& machine);
  void Gone(Machine& machine, Duration for_how_long);
  void Pause(Machine& machine, Duration how_long);
  void Replace(Machine& machine, Duration after);
  void JumpClock(Machine& machine, prove::Random& random);
  void Scale();

  Cluster& cluster_;
  Scheduler& scheduler_;
  FaultPlan& faults_;
  const Knobs& knobs_;
  Trace& trace_;
  std::deque<Machine> machines_;
  std::deque<std::unique_ptr<SimulatedDisk>> old_disks_;
  std::deque<std::unique_ptr<Worker>> lives_;
  std::set<std::string> replaced_;
  bool stopping_ = false;
};

}  // namespace semel::simulation
