#include "wiring/log_watch.h"

#include <utility>

namespace semel {
namespace {

constexpr std::chrono::seconds kBetweenLooks{5};
constexpr std::chrono::milliseconds kFirstTimeout{30'000};
constexpr std::chrono::milliseconds kTimeout{2'000};  // see kLookIsOld in ingest/redis_memory.cc

}  // namespace

Result<std::unique_ptr<LogWatch>> LogWatch::Start(std::unique_ptr<kafka::Admin> admin,
                                                  std::vector<WatchedTopic> topics,
                                                  Logger& logger) {
  std::unique_ptr<LogWatch> watch(new LogWatch(std::move(admin), std::move(topics), logger));
  SEMEL_TRY(watch->Look(kFirstTimeout));
  watch->thread_ =
      std::jthread([self = watch.get()](const std::stop_token& stop) { self->Run(stop); });
  return watch;
}

Result<void> LogWatch::Look(std::chrono::milliseconds timeout) {
  Result<void> looked;
  for (const WatchedTopic& topic : topics_) {
    const auto ends = admin_->Ends(topic.name, topic.partitions, timeout);
    if (ends) {
      for (const auto& memory : topic.memories) memory->Look(*ends);
    } else if (looked) {
      looked = ends.error();  // of the first; the others are looked at all the same
    }
  }
  return looked;
}

void LogWatch::Run(const std::stop_token& stop) {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, kBetweenLooks, [] { return false; });
    }
    if (stop.stop_requested()) return;
    // Kafka is away, and takes nothing either: what it has when it is back is seen then.
    if (const auto looked = Look(kTimeout); !looked)
      logger_.Debug("cannot see where a topic ends", {{"error", looked.error().message}});
  }
}

}  // namespace semel
