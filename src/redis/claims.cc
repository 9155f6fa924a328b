#include "redis/claims.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <utility>

#include "redis/server_check.h"

namespace semel::redis {
namespace {

constexpr std::chrono::milliseconds kConnectTimeout{3000};
constexpr std::chrono::milliseconds kAnswerTimeout{5000};
// As for a coordinator that is away; below half of max.poll.interval.ms.
constexpr std::chrono::seconds kAwayLimit{140};
constexpr std::chrono::seconds kApart{30};  // who is away is asked again much sooner
// Redis does nothing else while a script runs: about 1 ms for so many events.
constexpr std::size_t kAsksPerScript = 256;

std::string Text(const Reply& reply) { return {reply->str, reply->len}; }

}  // namespace

Error Claims::Wrong(const std::string& what, Action action) const {
  return {action, ToString(settings_.access.address) + ": " + what};
}

Error Claims::NotOurs() const {
  return Wrong("a key with our prefix " + settings_.prefix + " holds what we did not write",
               Action::kStop);
}

/// After it nothing is known of the connection, so it is not used again.
Error Claims::Failed(Error error) {
  connection_.reset();
  if (error.action != Action::kRetry) return error;
  const auto now = clock_.Now();
  // Nothing may have been asked since the failure before: then nobody knows that it was away.
  if (now - std::exchange(failed_, now) > kApart) away_since_.reset();
  if (!away_since_) {
    away_since_ = now;
    log_.Warning("Redis does not answer", {{"error", error.message}});
  }
  if (now - *away_since_ < kAwayLimit) return error;
  return {Action::kConnect, error.message + "; so for 140 s"};
}

Result<void> Claims::CheckAnswer(const Reply& reply) const {
  const std::string error = ErrorOf(reply);
  if (WillPass(error)) return Wrong(error, Action::kRetry);
  if (!error.empty())
    return Wrong(error + "; docs/redis.md lists what it must allow", Action::kConnect);
  if (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS)
    return Wrong("an unexpected answer to INFO or SCRIPT LOAD", Action::kRetry);
  return {};
}

Result<void> Claims::Open() {
  SEMEL_TRY_ASSIGN(connection_, Connection::Open(settings_.access, kConnectTimeout));
  const std::array<Command, 2> commands = {Command{"INFO"},
                                           Command{"SCRIPT", "LOAD", std::string(kClaimScript)}};
  SEMEL_TRY_ASSIGN(const std::vector<Reply> replies, connection_->Ask(commands, kAnswerTimeout));
  // What it is before what it refuses: a Sentinel knows no scripts.
  SEMEL_TRY(CheckAnswer(replies[0]));
  const auto warnings = CheckServer(Text(replies[0]));
  if (!warnings) return Wrong(warnings.error().message, warnings.error().action);
  SEMEL_TRY(CheckAnswer(replies[1]));
  for (const std::string& warning : *warnings)
    log_.Warning(warning, {{"redis", ToString(settings_.access.address)}});
  script_ = Text(replies[1]);
  return {};
}

Result<void> Claims::Connect() {
  if (connection_ != nullptr) return {};
  const auto opened = Open();
  return opened ? opened : Failed(opened.error());
}

Result<void> Claims::Make(std::int32_t partition, bool remembers, std::span<const Ask> asks,
                          std::vector<Known>& known) {
  SEMEL_TRY(Connect());
  if (const auto made = Evaluate(partition, remembers, asks, known); !made)
    return Failed(made.error());
  if (std::exchange(away_since_, std::nullopt))
    log_.Info("Redis answers again", {{"redis", ToString(settings_.access.address)}});
  return {};
}

Result<void> Claims::Evaluate(std::int32_t partition, bool remembers, std::span<const Ask> asks,
                              std::vector<Known>& known) {
  std::vector<Command> commands;
  for (std::size_t begin = 0; begin == 0 || begin < asks.size(); begin += kAsksPerScript) {
    const auto part = asks.subspan(begin, std::min(kAsksPerScript, asks.size() - begin));
    Command& command = commands.emplace_back();
    command = {"EVALSHA", script_, std::to_string(part.size() + 1),
               MarkerKey(settings_.prefix, partition)};
    for (const Ask& ask : part)
      command.push_back(EventKey(settings_.prefix, *ask.fingerprint, settings_.bits));
    command.insert(command.end(),
                   {remembers || begin > 0 ? "1" : "0", std::to_string(settings_.window.count()),
                    std::to_string(settings_.time_to_live.count())});
    for (const Ask& ask : part)
      command.push_back(fmt::format("{}{}", static_cast<char>(ask.what), FormatClaim(ask.claim)));
  }
  SEMEL_TRY_ASSIGN(const std::vector<Reply> replies, connection_->Ask(commands, kAnswerTimeout));
  known.clear();
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const std::size_t begin = i * kAsksPerScript;
    SEMEL_TRY(Take(replies[i], std::min(kAsksPerScript, asks.size() - begin), partition, known));
  }
  return {};
}

Result<void> Claims::Take(const Reply& reply, std::size_t count, std::int32_t partition,
                          std::vector<Known>& known) {
  if (const std::string error = ErrorOf(reply); !error.empty()) {
    if (error.find(kForgotten) != std::string::npos)
      return Wrong("what was seen in partition " + std::to_string(partition) +
                       " is not there any more: it was flushed, restarted without its data, or "
                       "replaced by an empty one. Going on could repeat events; bring its data "
                       "back, or accept the loss with --accept-gap",
                   Action::kStop);
    if (error.find("WRONGTYPE") != std::string::npos) return NotOurs();
    return Wrong(error,
                 error.find("NOPERM") != std::string::npos ? Action::kConnect : Action::kRetry);
  }
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != count)
    return Wrong("an unexpected answer to EVALSHA", Action::kRetry);
  for (std::size_t i = 0; i < count; ++i) {
    const redisReply& one = *reply->element[i];
    Known& event = known.emplace_back();
    if (one.type == REDIS_REPLY_NIL) continue;
    const std::string_view text(one.str, one.len);
    event.nothing = text == "-";
    if (event.nothing) continue;
    event.first = ParseClaim(text);
    if (!event.first) return NotOurs();
  }
  return {};
}

}  // namespace semel::redis
