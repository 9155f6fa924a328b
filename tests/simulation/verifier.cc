#include "verifier.h"

#include "pipeline/restorer.h"

namespace semel::simulation {
namespace {

constexpr int kStepsMax = 10'000;

}  // namespace

void Verifier::Restore(SimulatedDisk* disk) {
  Scheduler& scheduler = cluster_.scheduler();
  Process& process = *scheduler.current_process();
  const ProcessClock clock(scheduler, process);
  pipeline::LaneSettings settings = knobs_.settings;
  if (disk != nullptr) settings.snapshot_dir = "/state";
  SimulatedClient client(cluster_, process,
                         {.name = "verifier",
                          .group = kGroup,
                          .input_topic = kInput,
                          .instance = {},
                          .transactional_id = "verifier",
                          .producer_topics = {}},
                         log_);
  pipeline::MemoryBudget budget(std::size_t{1} << 30U);
  pipeline::RestoreQueue queue;
  auto restorer = pipeline::Restorer::Open(
      {client, settings, budget, queue, clock, log_, disk != nullptr ? *disk : SystemFiles()});
  if (!restorer) return errors_.push_back(restorer.error().message);
  for (kafka::Partition p = 0; p < settings.input_partitions; ++p) {
    auto set = OpenMemorySeenSet(
        {.window = settings.window, .bits = settings.key.bits, .seed = settings.table_seed});
    queue.Submit({1, std::make_unique<pipeline::PartitionState>(p, std::move(set), budget)});
  }
  for (int steps = 0; (*restorer)->Step(); ++steps) {
    if (steps > kStepsMax) return errors_.push_back("the restore does not end");
  }
  for (const pipeline::RestoreResult& result : queue.Collect()) {
    if (result.error) {
      errors_.push_back(result.error->message);
      continue;
    }
    Remembered remembered = ReadAll(*result.state->seen, settings.window.count());
    if (disk == nullptr) {
      cold_[result.state->partition] = std::move(remembered);
    } else {
      warm_[result.state->partition].push_back(std::move(remembered));
    }
  }
}

}  // namespace semel::simulation
