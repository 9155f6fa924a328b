#include "run.h"

#include <memory>
#include <utility>

#include "history.h"
#include "machines.h"
#include "prove/checker.h"
#include "verifier.h"
#include "workload.h"

namespace semel::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kTick{500};
constexpr seconds kStormMin{25};
constexpr seconds kWeather{5};  // of one kind
// After the last fault: a dead member's session, an open transaction's time-out and the look for
// it, one after the other, and a restore.
constexpr seconds kSettleMax{180};
constexpr seconds kStopMax{60};
constexpr seconds kOrphanedFor{70};

class Run {
 public:
  explicit Run(const RunOptions& options)
      : options_(options),
        knobs_(Knobs::Of(options.seed)),
        plan_(options.seed, options.choice),
        trace_(scheduler_, options.trace),
        cluster_(scheduler_, plan_, knobs_.cluster),
        workload_(cluster_, knobs_, options.seed),
        machines_(cluster_, knobs_, trace_) {
    plan_.when_taken = [this](const Fault& fault) { trace_.Taken(fault); };
    const kafka::Partition partitions = knobs_.settings.input_partitions;
    for (const std::string& topic : {kInput, kOutput})
      cluster_.CreateTopic(topic, {.partitions = partitions});
    cluster_.CreateTopic(kChangelog, {.partitions = partitions, .log_append_time = true});
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() { scheduler_.KillAll(); }

  RunResult Result() {
    Process& director = scheduler_.NewProcess("director");
    scheduler_.Start(director, "main", [this] {
      Storm();
      if (Settle()) {
        CheckLiveSets();
        Finish();
      }
      scheduler_.Stop();
    });
    if (const auto why = scheduler_.Run()) Found("liveness", *why);
    for (Finding& finding : machines_.Errors()) findings_.push_back(std::move(finding));
    if (findings_.empty()) Judge();
    return Sum();
  }

 private:
  void Found(std::string rule, std::string text) {
    findings_.push_back({std::move(rule), std::move(text)});
  }

  // --- what happens -----------------------------------------------------------------------------

  void Storm() {
    workload_.Start();
    const Time begin = scheduler_.Now();
    while (!workload_.done() || scheduler_.Now() - begin < kStormMin) {
      const auto slice = static_cast<std::uint64_t>((scheduler_.Now() - begin) / kWeather);
      plan_.SetCalm(prove::Mix(options_.seed * 1000 + slice) % 4 == 0);
      machines_.Tick();
      BefallBrokers();
      MoveChangelogStart();
      Read();
      scheduler_.Sleep(kTick, "the next tick");
    }
  }

  void BefallBrokers() {
    for (BrokerId broker = 0; broker < cluster_.brokers(); ++broker) {
      auto fault = plan_.Ask("broker" + std::to_string(broker),
                             {{"broker_crash", 0.006}, {"broker_pause", 0.006}});
      if (!fault) continue;
      const milliseconds how_long(200 + fault->details.Below(20'000));
      if (fault->kind == "broker_crash") {
        cluster_.Crash(broker);
        scheduler_.After(how_long, [this, broker] { cluster_.Restart(broker); });
      } else {
        cluster_.Pause(broker);
        scheduler_.After(how_long, [this, broker] { cluster_.Continue(broker); });
      }
    }
    auto fault = plan_.Ask(
        "leaders", {{"move_leader", 0.03}, {"move_transactions", 0.01}, {"move_group", 0.01}});
    if (!fault) return;
    const std::string topics[] = {kInput, kOutput, kChangelog};
    if (fault->kind == "move_leader") {
      cluster_.MoveLeader({topics[fault->details.Below(3)], SomePartition(fault->details)});
    } else if (fault->kind == "move_transactions") {
      cluster_.MoveTransactionCoordinator(kGroup + "-w" +
                                          std::to_string(1 + fault->details.Below(4)) + "-0");
    } else {
      cluster_.MoveGroupCoordinator(kGroup);
    }
  }

  kafka::Partition SomePartition(prove::Random& random) const {
    return static_cast<kafka::Partition>(
        random.Below(static_cast<std::uint64_t>(knobs_.settings.input_partitions)));
  }

  /// As retention does it: what is old goes, and nothing that is needed is old.
  void MoveChangelogStart() {
    if (!knobs_.retention) return;
    auto fault = plan_.Ask("retention", {{"retention", 0.2}});
    if (!fault) return;
    const kafka::Partition partition = SomePartition(fault->details);
    const auto start =
        Disposable(cluster_.Log(kChangelog, partition), scheduler_.WallMs(), knobs_.settings);
    cluster_.DeleteRecords(kChangelog, partition, start);
  }

  /// A reader of the output with no network between.
  void Read() {
    for (kafka::Partition p = 0; p < knobs_.settings.input_partitions; ++p) {
      const PartitionLog& log = cluster_.Log(kOutput, p);
      kafka::Offset& next = read_[p];
      for (; next < log.last_stable(); ++next) {
        if (log.Visible(next)) reader_.seen[p].emplace_back(next, UidAt(log, next));
      }
    }
  }

  /// No more faults; true when everything was carried through.
  bool Settle() {
    plan_.SetCalm(true);
    for (BrokerId broker = 0; broker < cluster_.brokers(); ++broker) {
      cluster_.Continue(broker);
      cluster_.Restart(broker);
    }
    machines_.Heal();
    trace_.Say("heals");
    const Time healed = scheduler_.Now();
    const Time until = healed + kSettleMax;
    // Not before whoever slept through the storm knows that he is a member no longer.
    while (!Settled() || scheduler_.Now() < healed + knobs_.session_timeout + seconds(5)) {
      if (scheduler_.Now() > until) {
        Found("liveness", Standing());
        return false;
      }
      if (scheduler_.Now() - healed >= kOrphanedFor) Regroup();
      machines_.Tick();
      Read();
      scheduler_.Sleep(kTick, "everything to be done");
    }
    trace_.Say("settled");
    scheduler_.Sleep(kTick, "everybody to publish what he has");
    return true;
  }

  /// A cooperative group with names may leave a partition without an owner, which is why the
  /// product does not put the two together by itself (kafka/client_conf.cc). Any rebalance ends
  /// that.
  void Regroup() {
    if (!knobs_.named || !knobs_.cooperative || std::exchange(regrouped_, true)) return;
    trace_.Say("regroups");
    machines_.StopOne();
  }

  bool Settled() {
    const auto committed = cluster_.Committed(kGroup);
    for (kafka::Partition p = 0; p < knobs_.settings.input_partitions; ++p) {
      const PartitionLog& input = cluster_.Log(kInput, p);
      const auto found = committed.find({kInput, p});
      if ((found == committed.end() ? 0 : found->second.offset) != input.high()) return false;
      for (const std::string& topic : {kOutput, kChangelog}) {
        const PartitionLog& log = cluster_.Log(topic, p);
        if (log.last_stable() != log.high()) return false;
      }
    }
    return true;
  }

  std::string Standing() {
    std::string text = "not done 180 s after the last fault:";
    const auto committed = cluster_.Committed(kGroup);
    for (kafka::Partition p = 0; p < knobs_.settings.input_partitions; ++p) {
      const auto found = committed.find({kInput, p});
      text += " partition " + std::to_string(p) + " committed " +
              std::to_string(found == committed.end() ? -1 : found->second.offset) + " of " +
              std::to_string(cluster_.Log(kInput, p).high()) + ", output stable " +
              std::to_string(cluster_.Log(kOutput, p).last_stable()) + " of " +
              std::to_string(cluster_.Log(kOutput, p).high()) + ", changelog stable " +
              std::to_string(cluster_.Log(kChangelog, p).last_stable()) + " of " +
              std::to_string(cluster_.Log(kChangelog, p).high()) + ";";
    }
    return text;
  }

  void CheckLiveSets() {
    const auto committed = cluster_.Committed(kGroup);
    for (kafka::Partition p = 0; p < knobs_.settings.input_partitions; ++p) {
      const auto offset = committed.find({kInput, p});
      if (offset == committed.end()) continue;
      if (const SeenSet* set = machines_.SetOf(p, offset->second.offset))
        live_[p] = ReadAll(*set, knobs_.settings.window.count());
    }
  }

  void Finish() {
    Read();
    machines_.Stop();
    const Time until = scheduler_.Now() + kStopMax;
    while (!machines_.ended()) {
      if (scheduler_.Now() > until) return Found("liveness", "a process does not stop within 60 s");
      scheduler_.Sleep(kTick, "processes to end");
    }
    Verifier verifier(cluster_, knobs_, trace_);
    verifier.Restore(nullptr);
    for (SimulatedDisk* disk : machines_.Disks()) verifier.Restore(disk);
    for (const std::string& error : verifier.errors()) Found("restore", error);
    for (kafka::Partition p = 0; p < knobs_.settings.input_partitions; ++p) {
      Accounts accounts{.partition = p, .changelog = verifier.Cold(p), .live = {}, .snapshots = {}};
      if (const auto found = live_.find(p); found != live_.end()) accounts.live = found->second;
      CheckAccounts(accounts, findings_);
      accounts.live.reset();
      for (const Remembered& warm : verifier.Warm(p)) {
        accounts.snapshots = warm;
        CheckAccounts(accounts, findings_);
      }
    }
  }

  // --- what is made of it -----------------------------------------------------------------------

  void Judge() {
    const auto histories = ReadHistories(cluster_, knobs_);
    if (!histories) return Found("changelog", histories.error().message);
    prove::Report report;
    prove::Check(*histories, RulesOf(knobs_, scheduler_.WallMs()), report);
    findings_ = FindingsOf(report);
    CheckCounters(machines_.Counts(), report.counts, findings_);
    CheckReader(reader_, *histories, findings_);
    records_ = report.counts.read;
  }

  RunResult Sum() {
    RunResult result;
    result.findings = std::move(findings_);
    result.taken = plan_.taken();
    result.by_kind = plan_.taken_by_kind();
    result.simulated = scheduler_.Now() - Scheduler::kBegin;
    result.steps = scheduler_.steps();
    result.records = records_;
    result.lives = machines_.lives().size();
    for (const auto& worker : machines_.lives()) {
      for (const metrics::LaneSnapshot& lane : worker->Figures().lanes) {
        result.committed += lane.transactions_committed;
        result.aborted += lane.transactions_aborted;
        result.unknown += lane.transactions_unknown;
        result.snapshots += lane.snapshots_written;
      }
    }
    result.digest = scheduler_.digest();
    return result;
  }

  const RunOptions& options_;
  const Knobs knobs_;
  Scheduler scheduler_{{.time = std::chrono::minutes(30), .steps = 20'000'000}};
  FaultPlan plan_;
  Trace trace_;
  Cluster cluster_;
  Workload workload_;
  Machines machines_;
  std::map<kafka::Partition, kafka::Offset> read_;
  Sightings reader_;
  std::map<kafka::Partition, Remembered> live_;
  Findings findings_;
  std::uint64_t records_ = 0;
  bool regrouped_ = false;
};

}  // namespace

RunResult Simulate(const RunOptions& options) { return Run(options).Result(); }

}  // namespace semel::simulation
