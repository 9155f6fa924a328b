// Brings partitions back to where they can be served: stable committed offset, then the changelog's
// high watermark, then replay up to it, then the decision where to go on. In that order, always.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/log.h"
#include "kafka/client.h"
#include "pipeline/policy.h"
#include "pipeline/restore_queue.h"

namespace semel::pipeline {

/// The rule that changelog records are written with. Where the seen-sets are durable by themselves
/// its hash is the complement: such a changelog has no entries, and neither kind of job may take
/// the other's for its own.
RuleIdentity RuleOf(const Fingerprinter& fingerprinter, const LaneSettings& settings);

struct RestorerParts {
  kafka::Client& client;
  const LaneSettings& settings;
  MemoryBudget& budget;
  RestoreQueue& queue;
  const Clock& clock;
  Logger& log;
  FileSystem& disk = SystemFiles();
};

/// Threads: one; the lane that it serves is another.
class Restorer {
 public:
  /// Errors: of Client::OpenLogReader.
  static Result<std::unique_ptr<Restorer>> Open(RestorerParts parts);
  Restorer(const Restorer&) = delete;
  Restorer& operator=(const Restorer&) = delete;
  ~Restorer();

  /// Does one bounded piece of work (at most about 1 s). False when there was nothing to do.
  bool Step();

  /// Steps until `stop` is requested.
  void Run(const std::stop_token& stop);

 private:
  struct Impl;
  explicit Restorer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace semel::pipeline
