#include "ingest/redis_memory.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <random>
#include <utility>

#include "base/number.h"
#include "redis/claim_script.h"

namespace semel::ingest {
namespace {

// A client waits for it, so it is short.
constexpr std::chrono::milliseconds kPatience{100};
constexpr std::chrono::milliseconds kConnectTimeout{1000};
// What may wait for one answer; what comes beyond is not known, or not remembered.
constexpr std::size_t kWaitingMax = 50'000;
// Ends go to Redis one Look late, so that whoever compares his own with them asked later than that.
// His must not have waited here for so long.
constexpr std::chrono::seconds kLookIsOld{3};

std::string Text(const LogEnds& ends) {
  std::string text;
  for (const std::int64_t end : ends) text += std::to_string(end) + " ";
  return text;
}

LogEnds ParseEnds(std::string_view text) {
  LogEnds ends;
  for (std::size_t blank = 0; (blank = text.find(' ')) != std::string_view::npos;
       text.remove_prefix(blank + 1))
    ends.push_back(ParseCount(text.substr(0, blank)).value_or(0));
  return ends;
}

/// Of a value; empty where there is none.
std::string_view ValueOf(const redisReply& reply) {
  return reply.type == REDIS_REPLY_STRING ? std::string_view(reply.str, reply.len)
                                          : std::string_view();
}

bool IsList(const redis::Reply& reply, std::size_t size) {
  return reply->type == REDIS_REPLY_ARRAY && reply->elements == size;
}

Error Unexpected() { return {Action::kRetry, "an unexpected answer to MGET"}; }

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

void RedisMemory::Look(LogEnds ends) {
  const std::lock_guard lock(mutex_);
  if (HasShrunk(looked_, ends)) ++shrinks_;
  looked_ = ends;
  work_.seen = Seen{std::move(ends), shrinks_, std::chrono::steady_clock::now()};
  wake_.notify_one();
}

void RedisMemory::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Work work = Take(stop);
    const auto served = Serve(work);
    const Work late = served ? Work{} : Failed(served.error());
    for (const Work* each : {&work, &late})
      for (const Question& question : each->questions) question.done();
  }
}

/// What came meanwhile; while Redis is away that is a Look, with which it is tried again.
RedisMemory::Work RedisMemory::Take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto any = [this] {
    return !work_.questions.empty() || !work_.acknowledged.empty() || work_.seen;
  };
  wake_.wait(lock, stop, any);
  return std::exchange(work_, {});
}

Result<void> RedisMemory::Connect() {
  if (connection_ != nullptr) return {};
  SEMEL_TRY_ASSIGN(connection_, redis::Connection::Open(settings_.access, kConnectTimeout));
  if (std::exchange(told_, false)) log_.Info("the edge memory answers again");
  return {};
}

/// From now on nobody waits for it. Returns what came while it was asked.
RedisMemory::Work RedisMemory::Failed(const Error& error) {
  connection_.reset();
  generation_.clear();  // what the topic becomes meanwhile is to be seen first
  if (!std::exchange(told_, true))
    log_.Warning("the edge memory does not answer: copies go to Kafka again until it does",
                 {{"error", error.message}});
  const std::lock_guard lock(mutex_);
  failing_ = true;
  return std::exchange(work_, {});
}

Result<std::vector<redis::Reply>> RedisMemory::Ask(std::span<const redis::Command> commands) {
  SEMEL_TRY_ASSIGN(std::vector<redis::Reply> replies, connection_->Ask(commands, kPatience));
  for (const redis::Reply& reply : replies)
    if (const std::string error = redis::ErrorOf(reply); !error.empty())
      return Error{Action::kRetry, redis::ToString(settings_.access.address) + ": " + error};
  return replies;
}

Result<void> RedisMemory::Serve(const Work& work) {
  SEMEL_TRY(Connect());
  if (work.seen) SEMEL_TRY(Agree(*work.seen));
  if (!generation_.empty()) failing_ = false;
  std::vector<redis::Command> commands;
  for (const Question& question : work.questions) {
    redis::Command& command = commands.emplace_back();
    command = {"MGET", settings_.prefix + "generation"};
    for (const Fingerprint& fingerprint : question.fingerprints)
      command.push_back(KeyOf(fingerprint));
  }
  const std::string time_to_live = std::to_string(settings_.time_to_live.count());
  if (!generation_.empty())
    for (const Fingerprint& fingerprint : work.acknowledged)
      commands.push_back({"SET", KeyOf(fingerprint), "1", "PX", time_to_live, "NX"});
  if (commands.empty()) return {};
  SEMEL_TRY_ASSIGN(const std::vector<redis::Reply> replies, Ask(commands));
  for (std::size_t i = 0; i < work.questions.size(); ++i)
    SEMEL_TRY(Answer(work.questions[i], replies[i]));
  return {};
}

Result<void> RedisMemory::Answer(const Question& question, const redis::Reply& reply) {
  if (!IsList(reply, question.known.size() + 1)) return Unexpected();
  const std::string_view generation = ValueOf(*reply->element[0]);
  if (generation.empty() || generation != generation_) {
    generation_.clear();  // until the next Look
    return {};
  }
  for (std::size_t i = 0; i < question.known.size(); ++i)
    question.known[i] = reply->element[i + 1]->type != REDIS_REPLY_NIL;
  return {};
}

/// Compares what is seen of the topic with what others and we have seen of it, and sets another
/// generation where it has shrunk. An empty topic is new: nothing that is remembered is in it.
Result<void> RedisMemory::Agree(const Seen& seen) {
  if (std::chrono::steady_clock::now() - seen.at > kLookIsOld) return {};
  generation_.clear();
  const std::string key = settings_.prefix + "generation";
  const std::string ends_key = settings_.prefix + "ends";
  const std::vector<redis::Command> question{{"MGET", key, ends_key}};
  SEMEL_TRY_ASSIGN(const std::vector<redis::Reply> replies, Ask(question));
  if (!IsList(replies.front(), 2)) return Unexpected();
  const redisReply& known = *replies.front();
  std::string generation(ValueOf(*known.element[0]));
  const bool shrunk = HasShrunk(ParseEnds(ValueOf(*known.element[1])), seen.ends) ||
                      seen.shrinks != agreed_shrinks_;
  std::vector<redis::Command> commands;
  if (generation.empty() || shrunk || IsEmpty(seen.ends)) {
    if (shrunk) log_.Warning("the topic was made anew or has lost events: the memory is forgotten");
    std::random_device random;
    generation = std::to_string(random()) + "-" + std::to_string(random());
    commands = {{"SET", key, generation}, {"SET", ends_key, ""}};
  } else if (!last_ends_.empty()) {
    commands = {{"SET", ends_key, Text(last_ends_)}};
  }
  if (!commands.empty()) SEMEL_TRY(Ask(commands));
  generation_ = std::move(generation);
  last_ends_ = seen.ends;
  agreed_shrinks_ = seen.shrinks;
  return {};
}

std::string RedisMemory::KeyOf(const Fingerprint& fingerprint) const {
  return redis::EventKey(settings_.prefix + generation_ + ":", fingerprint, settings_.bits);
}

}  // namespace semel::ingest
