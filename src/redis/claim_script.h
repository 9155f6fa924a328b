// What is kept in Redis, and how it is asked: docs/formats/redis_claims.md draws the bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "seen_set/changelog.h"
#include "semel/seen_set.h"

namespace semel::redis {

/// Where and when an event was first seen.
struct Claim {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t time_ms = 0;
  bool operator==(const Claim&) const = default;
};

/// `PARTITION/OFFSET/TIME`.
std::string FormatClaim(const Claim& claim);
std::optional<Claim> ParseClaim(std::string_view text);

/// What the keys of one job begin with: `semel:GROUP:CHECK:`, CHECK being eight hex digits of all
/// that decides. Another rule, or another `input` (`CLUSTER ID/TOPIC`), finds nothing of this one.
std::string KeyPrefix(std::string_view group, const RuleIdentity& rule, std::string_view input);

/// The key of an event.
std::string EventKey(std::string_view prefix, const Fingerprint& fingerprint, int bits);

/// The key that says that claims of the partition are kept.
std::string MarkerKey(std::string_view prefix, std::int32_t partition);

/// KEYS: the marker, then the events. ARGV: "1" where the marker must be there, else "0"; the
/// window and the time to live in milliseconds; then for each event what is asked and its claim.
/// "+" and "-" find the nearest claim of another record within the window and return it; nothing is
/// returned where the claim is the caller's, or, with "+", where it is made now; "-" where it is
/// not, with "-". "x" takes the claim back. A key that holds something else is returned as it is.
/// All of it in one atomic step.
extern const std::string_view kClaimScript;

/// The error with which the script says that the marker is not there.
inline constexpr std::string_view kForgotten = "SEMELFORGOTTEN";

}  // namespace semel::redis
