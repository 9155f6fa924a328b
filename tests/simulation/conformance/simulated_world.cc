#include "simulated_world.h"

#include <iostream>

#include "cluster.h"
#include "simulated_client.h"

namespace semel::conformance {
namespace {

using simulation::Cluster;

class SimulatedWorld final : public World {
 public:
  SimulatedWorld(Cluster& cluster, simulation::Process& process)
      : cluster_(cluster), process_(process), clock_(cluster.scheduler(), process) {}

  std::unique_ptr<kafka::Client> Open(const Lane& lane) override {
    simulation::ClientOptions options;
    options.name = lane.transactional_id;
    options.group = lane.group;
    options.input_topic = lane.input;
    options.instance = lane.instance;
    options.transactional_id = lane.transactional_id;
    options.producer_topics = lane.topics;
    options.cooperative = lane.cooperative;
    return std::make_unique<simulation::SimulatedClient>(cluster_, process_, std::move(options),
                                                         log_);
  }
  std::string Topic(const std::string& name) const override { return name; }
  std::string TransactionalId(const std::string& name) const override { return name; }

  void CreateTopic(const std::string& name, int partitions,
                   const std::map<std::string, std::string>& config) override {
    simulation::TopicConfig topic{.partitions = partitions};
    if (const auto bytes = config.find("max.message.bytes"); bytes != config.end())
      topic.max_message_bytes = std::stoul(bytes->second);
    topic.log_append_time = config.contains("message.timestamp.type");
    cluster_.CreateTopic(name, topic);
  }
  void DeleteRecords(const std::string& topic, kafka::Partition partition,
                     kafka::Offset before) override {
    cluster_.DeleteRecords(topic, partition, before);
  }
  const Clock& clock() const override { return clock_; }

 private:
  Cluster& cluster_;
  simulation::Process& process_;
  simulation::ProcessClock clock_;
  SilentLogger log_;
};

}  // namespace

bool InSimulatedWorld(const std::function<void(World&)>& play) {
  simulation::Scheduler scheduler{{}};
  simulation::FaultPlan faults(1, {});
  faults.SetCalm(true);
  Cluster cluster(scheduler, faults, {});
  simulation::Process& process = scheduler.NewProcess("script");
  scheduler.Start(process, "main", [&] {
    SimulatedWorld world(cluster, process);
    play(world);
    scheduler.Stop();
  });
  const auto failed = scheduler.Run();
  if (failed) std::cerr << *failed << '\n';
  return !failed;
}

}  // namespace semel::conformance
