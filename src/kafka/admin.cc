#include "kafka/admin.h"

#include <algorithm>
#include <array>
#include <thread>

#include "kafka/admin_request.h"
#include "kafka/instance.h"
#include "kafka/log_range.h"
#include "kafka/metadata.h"

namespace semel::kafka {
namespace {

constexpr Milliseconds kBetweenLooks{100};

using NewTopicPtr = std::unique_ptr<rd_kafka_NewTopic_t, DestroyWith<rd_kafka_NewTopic_destroy>>;
using DeleteTopicPtr =
    std::unique_ptr<rd_kafka_DeleteTopic_t, DestroyWith<rd_kafka_DeleteTopic_destroy>>;
using ConfigResourcePtr =
    std::unique_ptr<rd_kafka_ConfigResource_t, DestroyWith<rd_kafka_ConfigResource_destroy>>;

Result<void> CheckTopics(const Instance& instance, const rd_kafka_topic_result_t* const* results,
                         std::size_t count, const std::string& what, std::string_view operation) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_topic_result_error(results[i]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const char* text = rd_kafka_topic_result_error_string(results[i]);
    Error error = instance.Describe(code, what + " topic " + rd_kafka_topic_result_name(results[i]),
                                    text == nullptr ? "" : text, operation);
    // The broker's policy speaks of a topic here, not of a record.
    if (error.action == Action::kRejectRecord || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
      error.action = Action::kFix;
    return error;
  }
  return {};
}

Result<MetadataPtr> Metadata(const Instance& instance, rd_kafka_topic_t* only, bool all,
                             const Deadline& deadline, const std::string& what) {
  return AskMetadata(instance, only, all, deadline, what,
                     [&instance] { rd_kafka_poll(instance.get(), 0); });
}

Result<NewTopicPtr> ToLibrary(const NewTopic& topic) {
  std::array<char, 256> text{};
  NewTopicPtr result(rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions, topic.replication,
                                           text.data(), text.size()));
  if (result == nullptr)
    return Error{Action::kFix, "cannot create topic " + topic.name + ": " + text.data()};
  for (const auto& [name, value] : topic.config)
    rd_kafka_NewTopic_set_config(result.get(), name.c_str(), value.c_str());
  return result;
}

template <typename Owner>
auto Pointers(const std::vector<Owner>& owners) {
  std::vector<typename Owner::pointer> pointers;
  pointers.reserve(owners.size());
  for (const Owner& owner : owners) pointers.push_back(owner.get());
  return pointers;
}

}  // namespace

Error NoTopic(const std::string& topic, const ClientSettings& settings) {
  return {Action::kFix, "there is no topic " + topic + ". Existing ones: semel topic list " +
                            SemelFlags(settings)};
}

Admin::Admin(const ClientSettings& settings, std::unique_ptr<Instance> instance)
    : settings_(settings), instance_(std::move(instance)) {}
Admin::~Admin() = default;

Result<std::unique_ptr<Admin>> Admin::Open(const ClientSettings& settings, Logger& logger) {
  SEMEL_TRY_ASSIGN(auto instance, OpenAdmin("admin client", settings, logger));
  return std::unique_ptr<Admin>(new Admin(settings, std::move(instance)));
}

Result<std::string> Admin::ClusterId(Milliseconds timeout) {
  const std::string what = "ask for the cluster id";
  const Deadline deadline{timeout};
  SEMEL_TRY_ASSIGN(const MetadataPtr ignored, Metadata(*instance_, nullptr, false, deadline, what));
  char* id = rd_kafka_clusterid(instance_->get(), deadline.LeftMs());
  if (id == nullptr) return instance_->Describe(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
  std::string result = id;
  rd_kafka_mem_free(instance_->get(), id);
  return result;
}

Result<std::vector<std::string>> Admin::ListTopics(Milliseconds timeout) {
  SEMEL_TRY_ASSIGN(const MetadataPtr metadata,
                   Metadata(*instance_, nullptr, true, Deadline(timeout), "list the topics"));
  std::vector<std::string> names;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    std::string name = metadata->topics[i].topic;
    if (!name.starts_with("__")) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<TopicDescription> Admin::Describe(const std::string& topic, Milliseconds timeout) {
  const std::string what = "describe topic " + topic;
  const TopicPtr handle(rd_kafka_topic_new(instance_->get(), topic.c_str(), nullptr));
  if (handle == nullptr) return instance_->Describe(rd_kafka_last_error(), what);
  SEMEL_TRY_ASSIGN(const MetadataPtr metadata,
                   Metadata(*instance_, handle.get(), false, Deadline(timeout), what));
  if (metadata->topic_cnt != 1) return TopicDescription{};
  const rd_kafka_metadata_topic& found = metadata->topics[0];
  if (found.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return TopicDescription{};
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return instance_->Describe(found.err, what, {}, "Describe");
  TopicDescription description{true, found.partition_cnt, 0};
  for (int i = 0; i < found.partition_cnt; ++i) {
    const int replicas = found.partitions[i].replica_cnt;
    description.min_replicas = i == 0 ? replicas : std::min(description.min_replicas, replicas);
  }
  return description;
}

Result<TopicDescription> Admin::Find(const std::string& topic, Milliseconds timeout) {
  SEMEL_TRY_ASSIGN(const TopicDescription found, Describe(topic, timeout));
  if (!found.exists) return NoTopic(topic, settings_);
  return found;
}

// Another broker than the one that described the topic may be asked, and not have heard of it yet.
Result<TopicConfig> Admin::Config(const std::string& topic, Milliseconds timeout) {
  const Deadline deadline(timeout);
  const Deadline heard(kHearsay);
  for (;;) {
    SEMEL_TRY_ASSIGN(auto config, KnownConfig(topic, Milliseconds{deadline.LeftMs()}));
    if (config) return *std::move(config);
    if (heard.passed() || deadline.passed()) return NoTopic(topic, settings_);
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

Result<std::optional<TopicConfig>> Admin::KnownConfig(const std::string& topic,
                                                      Milliseconds timeout) {
  const std::string what = "read the configuration of topic " + topic;
  const ConfigResourcePtr resource(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  const AdminRequest request(*instance_, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout);
  rd_kafka_ConfigResource_t* asked = resource.get();
  rd_kafka_DescribeConfigs(instance_->get(), &asked, 1, request.options(), request.queue());
  SEMEL_TRY_ASSIGN(const EventPtr event, request.Await(what));
  std::size_t count = 0;
  const auto* const* resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  TopicConfig config;
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_ConfigResource_error(resources[i]);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return std::optional<TopicConfig>();
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
      return instance_->Describe(code, what, {}, "DescribeConfigs");
    std::size_t entries = 0;
    const auto* const* entry = rd_kafka_ConfigResource_configs(resources[i], &entries);
    for (std::size_t k = 0; k < entries; ++k) {
      const char* value = rd_kafka_ConfigEntry_value(entry[k]);
      config[rd_kafka_ConfigEntry_name(entry[k])] = value == nullptr ? "" : value;
    }
  }
  return std::optional(std::move(config));
}

Result<std::vector<Offset>> Admin::Ends(const std::string& topic, int partitions,
                                        Milliseconds timeout) {
  const Deadline deadline(timeout);
  std::vector<Offset> ends;
  for (int i = 0; i < partitions; ++i) {
    const auto range = AskLogRange(*instance_, topic, i, deadline);
    if (!range && range.error().action == Action::kStop) return std::vector<Offset>();
    if (!range) return range.error();
    ends.push_back(range->end);
  }
  return ends;
}

Result<void> Admin::Create(std::span<const NewTopic> topics, Milliseconds timeout) {
  if (topics.empty()) return {};
  std::vector<NewTopicPtr> owners;
  for (const NewTopic& topic : topics) {
    SEMEL_TRY_ASSIGN(owners.emplace_back(), ToLibrary(topic));
  }
  auto pointers = Pointers(owners);
  const AdminRequest request(*instance_, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout);
  rd_kafka_CreateTopics(instance_->get(), pointers.data(), pointers.size(), request.options(),
                        request.queue());
  SEMEL_TRY_ASSIGN(const EventPtr event, request.Await("create topic " + topics[0].name));
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  return CheckTopics(*instance_, results, count, "create", "Create");
}

Result<void> Admin::Delete(std::span<const std::string> topics, Milliseconds timeout) {
  if (topics.empty()) return {};
  std::vector<DeleteTopicPtr> owners;
  for (const std::string& topic : topics)
    owners.emplace_back(rd_kafka_DeleteTopic_new(topic.c_str()));
  auto pointers = Pointers(owners);
  const AdminRequest request(*instance_, RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout);
  rd_kafka_DeleteTopics(instance_->get(), pointers.data(), pointers.size(), request.options(),
                        request.queue());
  SEMEL_TRY_ASSIGN(const EventPtr event, request.Await("delete topic " + topics[0]));
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count);
  return CheckTopics(*instance_, results, count, "delete", "Delete");
}

}  // namespace semel::kafka
