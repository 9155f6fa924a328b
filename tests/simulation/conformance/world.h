// A Kafka that the script is played on: the simulated one, or a real cluster.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kafka/client.h"

namespace semel::conformance {

/// Whose client it is. Names of topics, groups and ids are the script's; the world makes them
/// its own.
struct Lane {
  std::string group;
  std::string input;
  std::string instance;
  std::string transactional_id;
  std::vector<std::string> topics;
  bool cooperative = false;
};

class World {
 public:
  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  virtual ~World() = default;

  virtual std::unique_ptr<kafka::Client> Open(const Lane& lane) = 0;
  /// A client of the world calls its topics so.
  virtual std::string Topic(const std::string& name) const = 0;
  virtual std::string TransactionalId(const std::string& name) const = 0;
  virtual void CreateTopic(const std::string& name, int partitions,
                           const std::map<std::string, std::string>& config) = 0;
  virtual void DeleteRecords(const std::string& topic, kafka::Partition partition,
                             kafka::Offset before) = 0;
  virtual const Clock& clock() const = 0;
};

}  // namespace semel::conformance
