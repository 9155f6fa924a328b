// Reads whole topics, as they are to a read_committed reader.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "kafka/client.h"
#include "kafka/settings.h"
#include "prove/histories.h"
#include "semel/record.h"
#include "semel/result.h"

namespace semel::prove {

struct TopicEnds {
  Offsets stable;  ///< last stable offset of every partition: what was read ends there
  Offsets open;    ///< stable offsets of partitions with an open transaction behind them
};

/// Threads: one caller at a time.
class TopicReader {
 public:
  /// Gets each record; its views are valid during the call.
  using Visit = std::function<Result<void>(const Record&)>;

  /// `logger` outlives the reader. `group` is asked for offsets only, never joined.
  static Result<TopicReader> Open(const kafka::ClientSettings& settings, const std::string& group,
                                  const std::string& topic, Logger& logger);

  /// Visits every committed record up to the ends as of now: by offset within a partition,
  /// partitions mixed.
  /// Errors: what `visit` returned; kConnect when the brokers send nothing for a minute.
  Result<TopicEnds> ReadAll(const Visit& visit);

  /// The group's committed offsets of this topic; partitions without one are left out.
  Result<Offsets> Committed();

 private:
  TopicReader(const kafka::ClientSettings& settings, std::string topic, int partitions,
              std::unique_ptr<kafka::LogReader> offsets, Logger& logger)
      : settings_(settings),
        topic_(std::move(topic)),
        partitions_(partitions),
        offsets_(std::move(offsets)),
        logger_(logger) {}

  const kafka::ClientSettings& settings_;
  std::string topic_;
  int partitions_;
  std::unique_ptr<kafka::LogReader> offsets_;
  Logger& logger_;
};

}  // namespace semel::prove
