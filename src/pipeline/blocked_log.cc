#include "pipeline/blocked_log.h"

#include "seen_set/changelog.h"

namespace semel::pipeline {
namespace {

constexpr std::chrono::milliseconds kPatience{300};
constexpr std::chrono::milliseconds kBetweenTries{1000};
constexpr kafka::Milliseconds kQueryTimeout{1000};
constexpr kafka::Milliseconds kAbortTimeout{5000};

}  // namespace

void BlockedLog::Found(kafka::LogReader& reader, const std::string& topic,
                       kafka::Partition partition, TimePoint now) {
  if (!since_) {
    since_ = now;
    next_try_ = now + kPatience;
  }
  if (now < next_try_) return;
  next_try_ = now + kBetweenTries;
  const auto marks = reader.Marks(topic, partition, kQueryTimeout);
  if (!marks || marks->last_stable >= marks->high) return;
  const auto bytes = reader.PeekUncommitted(topic, partition, marks->last_stable, kQueryTimeout);
  if (!bytes || !*bytes) return;
  ChangelogRecord record;
  if (!UnpackChangelog(**bytes, record)) return;
  log_.Warning("changelog blocked by an open transaction; ending it",
               {{"topic", topic},
                {"partition", std::to_string(partition)},
                {"offset", std::to_string(marks->last_stable)},
                {"transactional_id", record.transactional_id}});
  if (const auto freed = client_.AbortTransactionOf(record.transactional_id, kAbortTimeout);
      !freed) {
    log_.Warning("could not end it yet", {{"error", freed.error().message}});
  }
}

}  // namespace semel::pipeline
