#include "ingest/redis_memory.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <utility>

#include "redis/claim_script.h"

namespace semel::ingest {
namespace {

// A client waits for it, so it is short.
constexpr std::chrono::milliseconds kPatience{100};
constexpr std::chrono::milliseconds kConnectTimeout{1000};
constexpr std::chrono::seconds kBetweenTries{1};
// What may wait for one answer; what comes beyond is not known, or not remembered.
constexpr std::size_t kWaitingMax = 50'000;

}  // namespace

RedisMemory::RedisMemory(RedisMemorySettings settings, Logger& log)
    : settings_(std::move(settings)),
      log_(log),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

RedisMemory::~RedisMemory() {
  thread_.request_stop();
  thread_.join();
  for (const Question& question : work_.questions) question.done();
}

void RedisMemory::Ask(std::span<const Fingerprint> fingerprints, std::span<bool> known,
                      std::function<void()> done) {
  std::ranges::fill(known, false);
  {
    const std::lock_guard lock(mutex_);
    if (!failing_ && work_.asked + fingerprints.size() <= kWaitingMax) {
      work_.asked += fingerprints.size();
      work_.questions.push_back({fingerprints, known, std::move(done)});
      wake_.notify_one();
      return;
    }
  }
  done();
}

void RedisMemory::Remember(std::span<const Fingerprint> acknowledged) {
  const std::lock_guard lock(mutex_);
  if (failing_ || work_.acknowledged.size() + acknowledged.size() > kWaitingMax) return;
  work_.acknowledged.insert(work_.acknowledged.end(), acknowledged.begin(), acknowledged.end());
  wake_.notify_one();
}

void RedisMemory::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Work work = Take(stop);
    const auto served = Serve(work);
    const Work late = served ? Work{} : Failed(served.error());
    for (const Work* each : {&work, &late})
      for (const Question& question : each->questions) question.done();
    if (served) continue;
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, kBetweenTries, [] { return false; });
  }
}

/// What came meanwhile; while Redis is away that is nothing, and it is only tried again.
RedisMemory::Work RedisMemory::Take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto any = [this] { return !work_.questions.empty() || !work_.acknowledged.empty(); };
  if (!failing_) wake_.wait(lock, stop, any);
  return std::exchange(work_, {});
}

Result<void> RedisMemory::Connect() {
  if (connection_ != nullptr) return {};
  SEMEL_TRY_ASSIGN(connection_, redis::Connection::Open(settings_.access, kConnectTimeout));
  if (std::exchange(told_, false)) log_.Info("the edge memory answers again");
  failing_ = false;
  return {};
}

/// From now on nobody waits for it. Returns what came while it was asked.
RedisMemory::Work RedisMemory::Failed(const Error& error) {
  connection_.reset();
  if (!std::exchange(told_, true))
    log_.Warning("the edge memory does not answer: copies go to Kafka again until it does",
                 {{"error", error.message}});
  const std::lock_guard lock(mutex_);
  failing_ = true;
  return std::exchange(work_, {});
}

Result<void> RedisMemory::Serve(const Work& work) {
  SEMEL_TRY(Connect());
  std::vector<redis::Command> commands;
  for (const Question& question : work.questions) {
    redis::Command& command = commands.emplace_back();
    command.emplace_back("MGET");
    for (const Fingerprint& fingerprint : question.fingerprints)
      command.push_back(KeyOf(fingerprint));
  }
  const std::string time_to_live = std::to_string(settings_.time_to_live.count());
  for (const Fingerprint& fingerprint : work.acknowledged)
    commands.push_back({"SET", KeyOf(fingerprint), "1", "PX", time_to_live, "NX"});
  if (commands.empty()) return {};
  SEMEL_TRY_ASSIGN(const std::vector<redis::Reply> replies, connection_->Ask(commands, kPatience));
  for (const redis::Reply& reply : replies)
    if (const std::string error = redis::ErrorOf(reply); !error.empty())
      return Error{Action::kRetry, redis::ToString(settings_.access.address) + ": " + error};
  for (std::size_t i = 0; i < work.questions.size(); ++i) {
    const Question& question = work.questions[i];
    const redisReply& reply = *replies[i];
    if (reply.type != REDIS_REPLY_ARRAY || reply.elements != question.known.size())
      return Error{Action::kRetry, "an unexpected answer to MGET"};
    for (std::size_t at = 0; at < reply.elements; ++at)
      question.known[at] = reply.element[at]->type != REDIS_REPLY_NIL;
  }
  return {};
}

std::string RedisMemory::KeyOf(const Fingerprint& fingerprint) const {
  return redis::EventKey(settings_.prefix, fingerprint, settings_.bits);
}

}  // namespace semel::ingest
