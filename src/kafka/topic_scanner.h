// Reads a topic outside of any group: nothing is joined, committed or written.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "kafka/client.h"
#include "kafka/instance.h"
#include "kafka/settings.h"

namespace semel::kafka {

/// Threads: one at a time.
class TopicScanner {
 public:
  /// Reads the given partitions (read_committed) from the given positions on. `logger` outlives it.
  static Result<std::unique_ptr<TopicScanner>> Open(const ClientSettings& settings,
                                                    const std::string& topic,
                                                    const std::map<Partition, Offset>& positions,
                                                    Logger& logger);

  /// Returns when records are there, an end was reached, or the time-out passed. The batch must be
  /// gone before the scanner.
  /// Errors: kConnect (authentication, ACL), kStop (offset out of range), kFail.
  Result<Polled> Poll(Milliseconds timeout, std::size_t max_records);

 private:
  TopicScanner(std::string topic, std::unique_ptr<Instance> instance)
      : topic_(std::move(topic)), instance_(std::move(instance)) {}

  std::string topic_;
  std::unique_ptr<Instance> instance_;
};

}  // namespace semel::kafka
