// Where the input ended at the start, and whether the group has come so far.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "base/log.h"
#include "kafka/client.h"
#include "semel/result.h"

namespace semel {

/// Calls back once when the group has committed the ends of all partitions, whoever did it, and
/// this process is ready: what its restore has to object to comes first. Threads: has one of its
/// own.
class UntilEnd {
 public:
  /// Asks for the ends; reports records behind an open transaction, which are not waited for.
  static Result<std::unique_ptr<UntilEnd>> Open(std::unique_ptr<kafka::LogReader> reader,
                                                const std::string& topic, int partitions,
                                                Logger& logger);

  /// `ready`: every partition that this process was given is restored.
  /// `failed` gets what asking failed with, passing faults excepted.
  void Start(std::function<bool()> ready, std::function<void()> reached,
             std::function<void(const Error&)> failed);

 private:
  using Ends = std::map<kafka::Partition, kafka::Offset>;
  UntilEnd(std::unique_ptr<kafka::LogReader> reader, Ends ends)
      : reader_(std::move(reader)), left_(std::move(ends)) {}
  Result<bool> Reached();
  void Run(const std::stop_token& stop);

  std::unique_ptr<kafka::LogReader> reader_;
  Ends left_;  // of partitions that are not done
  std::function<bool()> ready_;
  std::function<void()> on_reached_;
  std::function<void(const Error&)> on_failed_;
  std::jthread thread_;
};

}  // namespace semel
