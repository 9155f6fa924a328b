#include "real_world.h"

#include <cstdlib>
#include <iostream>
#include <sstream>

#include "kafka/admin.h"
#include "kafka/admin_request.h"
#include "kafka/rdkafka_client.h"

namespace semel::conformance {
namespace {

constexpr kafka::Milliseconds kAdminWithin{60'000};
constexpr std::chrono::milliseconds kBetweenLooks{50};

/// What the script rests on cannot be had.
[[noreturn]] void GiveUp(const Error& error) {
  std::cerr << error.message << '\n';
  std::exit(1);
}

using DeleteRecordsPtr =
    std::unique_ptr<rd_kafka_DeleteRecords_t, kafka::DestroyWith<rd_kafka_DeleteRecords_destroy>>;

class RealWorld final : public World {
 public:
  RealWorld(const std::string& brokers, std::string prefix) : prefix_(std::move(prefix)) {
    settings_.brokers = brokers;
    auto admin = kafka::Admin::Open(settings_, log_);
    if (!admin) GiveUp(admin.error());
    admin_ = std::move(*admin);
  }

  std::unique_ptr<kafka::Client> Open(const Lane& lane) override {
    kafka::ClientOptions options{.settings = settings_,
                                 .group = prefix_ + lane.group,
                                 .input_topic = Topic(lane.input),
                                 .instance = lane.instance,
                                 .transactional_id = TransactionalId(lane.transactional_id),
                                 .producer_topics = {}};
    for (const std::string& topic : lane.topics) options.producer_topics.push_back(Topic(topic));
    options.settings.properties["partition.assignment.strategy"] =
        lane.cooperative ? "cooperative-sticky" : "range";
    return std::make_unique<kafka::RdkafkaClient>(std::move(options), log_);
  }
  std::string Topic(const std::string& name) const override { return prefix_ + name; }
  std::string TransactionalId(const std::string& name) const override { return prefix_ + name; }

  void CreateTopic(const std::string& name, int partitions,
                   const std::map<std::string, std::string>& config) override {
    const kafka::NewTopic topic{
        .name = Topic(name), .partitions = partitions, .config = {config.begin(), config.end()}};
    if (const auto made = admin_->Create({&topic, 1}, kAdminWithin); !made) GiveUp(made.error());
    std::istringstream brokers(settings_.brokers);
    for (std::string broker; std::getline(brokers, broker, ',');) WaitUntilKnown(topic, broker);
  }

  void DeleteRecords(const std::string& topic, kafka::Partition partition,
                     kafka::Offset before) override {
    auto instance = kafka::OpenAdmin("admin", settings_, log_);
    if (!instance) GiveUp(instance.error());
    const kafka::PartitionListPtr list = kafka::NewPartitionList(1);
    rd_kafka_topic_partition_list_add(list.get(), Topic(topic).c_str(), partition)->offset = before;
    const DeleteRecordsPtr records(rd_kafka_DeleteRecords_new(list.get()));
    const kafka::AdminRequest request(**instance, RD_KAFKA_ADMIN_OP_DELETERECORDS, kAdminWithin);
    rd_kafka_DeleteRecords_t* raw = records.get();
    rd_kafka_DeleteRecords((*instance)->get(), &raw, 1, request.options(), request.queue());
    if (const auto done = request.Await("delete records"); !done) GiveUp(done.error());
  }
  const Clock& clock() const override { return clock_; }

 private:
  /// In the simulated Kafka brokers hear of a topic at once. A client of its own each time, because
  /// one that has met the other brokers may ask any.
  void WaitUntilKnown(const kafka::NewTopic& topic, const std::string& broker) {
    kafka::ClientSettings settings = settings_;
    settings.brokers = broker;
    const kafka::Deadline deadline{kAdminWithin};
    while (!deadline.passed()) {
      const auto admin = kafka::Admin::Open(settings, log_);
      if (!admin) GiveUp(admin.error());
      const auto found = (*admin)->Describe(topic.name, kAdminWithin);
      if (found && found->partitions == topic.partitions) return;
      clock_.Sleep(kBetweenLooks);
    }
    GiveUp({Action::kStop, broker + " does not hear of " + topic.name});
  }

  const std::string prefix_;
  kafka::ClientSettings settings_;
  SilentLogger log_;
  SystemClock clock_;
  std::unique_ptr<kafka::Admin> admin_;
};

}  // namespace

bool InRealWorld(const std::string& brokers, const std::string& prefix,
                 const std::function<void(World&)>& play) {
  RealWorld world(brokers, prefix);
  play(world);
  return true;
}

}  // namespace semel::conformance
