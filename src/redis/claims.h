// The claims that one lane makes in Redis: a claim says which input record was the first sight of
// an event.
//
// This is the one place where a call marks a fingerprint on its own, before anything is committed.
// It is safe because the claim names the record: after a crash the record comes again, finds its
// own claim, and is unique as before.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "redis/claim_script.h"
#include "redis/connection.h"
#include "semel/result.h"

namespace semel::redis {

struct ClaimSettings {
  Access access{};
  std::string prefix{};  ///< KeyPrefix
  int bits = 128;
  std::chrono::milliseconds window{0};
  std::chrono::milliseconds time_to_live{0};  ///< at least the window
};

/// A question for one event.
struct Ask {
  enum class What : char {
    kClaim = '+',    ///< claim it, unless it is known
    kFind = '-',     ///< it is late: say whether it is known
    kRelease = 'x',  ///< take this claim back
  };
  const Fingerprint* fingerprint = nullptr;
  Claim claim{};
  What what = What::kClaim;
};

/// What is known of it.
struct Known {
  bool nothing = false;          ///< it is late: not known, and not claimed
  std::optional<Claim> first{};  ///< another claim within the window; empty: it is the asker's
};

/// Threads: one at a time. Waits for at most some seconds a call.
class Claims {
 public:
  /// Both references outlive it.
  Claims(ClaimSettings settings, const Clock& clock, Logger& log)
      : settings_(std::move(settings)), clock_(clock), log_(log) {}

  /// Connects, if it is not connected, and checks the server. Errors: kStop, kFix, kConnect, and
  /// kRetry, which becomes kConnect when Redis was away for 140 s.
  Result<void> Connect();

  /// Asks for all, which are of one partition, in one round trip. `remembers`: claims of the
  /// partition were kept before, so that a Redis without them has forgotten. Errors: those of
  /// Connect; kStop: it has forgotten.
  Result<void> Make(std::int32_t partition, bool remembers, std::span<const Ask> asks,
                    std::vector<Known>& known);

  /// From the first answer that did not come to the next one that does.
  bool failing() const { return away_since_.has_value(); }

  const ClaimSettings& settings() const { return settings_; }

 private:
  Result<void> Open();
  Result<void> CheckAnswer(const Reply& reply) const;
  Result<void> Evaluate(std::int32_t partition, bool remembers, std::span<const Ask> asks,
                        std::vector<Known>& known);
  Result<void> Take(const Reply& reply, std::size_t count, std::int32_t partition,
                    std::vector<Known>& known);
  Error Failed(Error error);
  Error Wrong(const std::string& what, Action action) const;
  Error NotOurs() const;

  const ClaimSettings settings_;
  const Clock& clock_;
  Logger& log_;
  std::unique_ptr<Connection> connection_;
  std::string script_;  ///< its name on the server
  std::optional<std::chrono::steady_clock::time_point> away_since_;
  std::chrono::steady_clock::time_point failed_;  // the last time
};

}  // namespace semel::redis
