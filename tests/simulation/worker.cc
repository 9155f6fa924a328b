#include "worker.h"

#include <utility>

#include "pipeline/lane.h"
#include "pipeline/restorer.h"
#include "task_background.h"

namespace semel::simulation {
namespace {

constexpr std::size_t kMemoryLimit = std::size_t{1} << 30U;
constexpr std::chrono::milliseconds kIdleRestorer{30};

}  // namespace

/// What the lanes of a process have in common. Lives as long as any of their tasks.
struct Worker::Job {
  Job(const Parts& parts, Process& process)
      : clock(parts.cluster.scheduler(), process), settings(parts.knobs.settings) {
    if (parts.knobs.snapshots) settings.snapshot_dir = "/state";
  }

  const ProcessClock clock;
  pipeline::LaneSettings settings;
  pipeline::MemoryBudget budget{kMemoryLimit};
};

struct Worker::Lane {
  Lane(const Parts& parts, Process& process, ClientOptions options)
      : transactional_id(options.transactional_id),
        client(parts.cluster, process, std::move(options), parts.log) {}

  const std::string transactional_id;
  std::int32_t number = 0;
  SimulatedClient client;
  pipeline::RestoreQueue queue;
  std::unique_ptr<pipeline::Restorer> restorer;
  bool ended = false;
};

Worker::Worker(const Parts& parts, const std::string& machine, int life)
    : parts_(parts), process_(parts.cluster.scheduler().NewProcess(machine)) {
  parts_.cluster.scheduler().Start(process_, "main", [this, machine, life] { Run(machine, life); });
}

void Worker::Run(const std::string& machine, int life) {
  const Knobs& knobs = parts_.knobs;
  const auto job = std::make_shared<Job>(parts_, process_);
  running_ = knobs.lanes;
  for (std::int32_t number = 0; number < knobs.lanes; ++number) {
    const std::string lane_name = "-" + std::to_string(number);
    const std::string member =
        (knobs.named ? machine : machine + "x" + std::to_string(life)) + lane_name;
    ClientOptions options{.name = machine + lane_name,
                          .group = kGroup,
                          .input_topic = kInput,
                          .instance = knobs.named ? member : "",
                          .transactional_id = kGroup + "-" + member,
                          .producer_topics = {kOutput, kChangelog},
                          .batch_bytes = knobs.batch_bytes,
                          .cooperative = knobs.cooperative,
                          .session_timeout = knobs.session_timeout,
                          .max_poll_interval = knobs.max_poll_interval};
    const auto lane = std::make_shared<Lane>(parts_, process_, std::move(options));
    lane->number = number;
    parts_.cluster.scheduler().Start(process_, "lane" + lane_name,
                                     [this, job, lane] { LaneEnded(RunLane(job, lane)); });
  }
}

Result<void> Worker::RunLane(const std::shared_ptr<Job>& job, const std::shared_ptr<Lane>& lane) {
  Scheduler& scheduler = parts_.cluster.scheduler();
  SEMEL_TRY_ASSIGN(Fingerprinter fingerprinter, Fingerprinter::Open(job->settings.key));
  SEMEL_TRY_ASSIGN(lane->restorer,
                   pipeline::Restorer::Open({lane->client, job->settings, job->budget, lane->queue,
                                             job->clock, parts_.log, parts_.disk}));
  Task& restoring = scheduler.Start(process_, "restorer",
                                    [job, lane, &scheduler] { Restore(job, lane, scheduler); });
  struct Joining {  // also where the lane unwinds
    ~Joining() {
      lane->ended = true;
      scheduler.Join(restoring);
    }
    const std::shared_ptr<Lane>& lane;
    Scheduler& scheduler;
    Task& restoring;
  };
  const Joining joining{lane, scheduler, restoring};
  pipeline::SpreadDetector spread(job->settings.window, job->settings.from, job->clock, parts_.log);
  pipeline::Lane worker({.client = lane->client,
                         .settings = job->settings,
                         .transactional_id = lane->transactional_id,
                         .number = lane->number,
                         .budget = job->budget,
                         .restores = lane->queue,
                         .spread = spread,
                         .board = board_,
                         .clock = job->clock,
                         .log = parts_.log,
                         .open_seen_set =
                             [this, job, number = lane->number](kafka::Partition partition) {
                               return sets_.Watch(
                                   number, partition,
                                   OpenMemorySeenSet({.window = job->settings.window,
                                                      .bits = job->settings.key.bits,
                                                      .seed = job->settings.table_seed}));
                             },
                         .disk = parts_.disk,
                         .open_background = BackgroundTasks(scheduler, process_)},
                        std::move(fingerprinter));
  return worker.Run(stop_.get_token());
}

void Worker::Restore(const std::shared_ptr<Job>& /*job*/, const std::shared_ptr<Lane>& lane,
                     Scheduler& scheduler) {
  while (!lane->ended) {
    if (!lane->restorer->Step()) scheduler.Sleep(kIdleRestorer, "a restore");
  }
}

/// The first error ends the process.
void Worker::LaneEnded(const Result<void>& done) {
  if (!done && !error_) error_ = done.error();
  if (!done) stop_.request_stop();
  if (--running_ == 0) ended_ = true;
}

const SeenSet* Worker::SetOf(kafka::Partition partition, kafka::Offset committed) const {
  for (const metrics::LaneSnapshot& lane : board_.Read().lanes) {
    for (const metrics::PartitionSnapshot& figures : lane.partitions) {
      if (figures.partition == partition && figures.phase == metrics::Phase::kServing &&
          figures.position == committed)
        return sets_.Only(lane.lane, partition);
    }
  }
  return nullptr;
}

}  // namespace semel::simulation
