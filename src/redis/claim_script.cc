#include "redis/claim_script.h"

#include <fmt/format.h>

#include "base/crc32c.h"
#include "base/number.h"

namespace semel::redis {

// Numbers of Lua are exact up to 2^53: times are milliseconds, far below.
constinit const std::string_view kClaimScript = R"lua(
if ARGV[1] == '1' then
  if redis.call('EXISTS', KEYS[1]) == 0 then return redis.error_reply('SEMELFORGOTTEN') end
else
  redis.call('SET', KEYS[1], '1')
end
local window, ttl, kept = tonumber(ARGV[2]), ARGV[3], 16
local function Keep(key, claims)
  redis.call('SET', key, table.concat(claims, ';', 1, math.min(#claims, kept)), 'PX', ttl)
end
local answers = {}
for i = 2, #KEYS do
  local what, place, time = string.match(ARGV[i + 2], '^(.)(%d+/%d+/)(%d+)$')
  local known = redis.call('GET', KEYS[i]) or ''
  local others, own, nearest, distance = {}, false, false, window
  for at, at_time in string.gmatch(known, '(%d+/%d+/)(%d+)') do
    if at == place then
      own = true
    else
      others[#others + 1] = at .. at_time
      local apart = math.abs(time - at_time)
      if apart <= distance then nearest, distance = at .. at_time, apart end
    end
  end
  local answer = false
  if known ~= '' and not own and #others == 0 then
    answer = known
  elseif what == 'x' then
    if own and #others > 0 then Keep(KEYS[i], others) end
    if own and #others == 0 then redis.call('DEL', KEYS[i]) end
  elseif not own then
    answer = nearest
    if not nearest and what == '-' then answer = '-' end
    if not nearest and what == '+' then
      table.insert(others, 1, place .. time)
      Keep(KEYS[i], others)
    end
  end
  answers[i - 1] = answer
end
return answers
)lua";

std::string FormatClaim(const Claim& claim) {
  return std::to_string(claim.partition) + "/" + std::to_string(claim.offset) + "/" +
         std::to_string(claim.time_ms);
}

std::optional<Claim> ParseClaim(std::string_view text) {
  const std::size_t first = text.find('/');
  const std::size_t second = text.find('/', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  const auto partition = ParseNumber<std::int32_t>(text.substr(0, first));
  const auto offset = ParseCount(text.substr(first + 1, second - first - 1));
  const auto time_ms = ParseCount(text.substr(second + 1));
  if (!partition || *partition < 0 || !offset || !time_ms) return std::nullopt;
  return Claim{*partition, *offset, *time_ms};
}

std::string KeyPrefix(std::string_view group, const RuleIdentity& rule, std::string_view input) {
  std::string all(reinterpret_cast<const char*>(rule.rule_hash.data()), rule.rule_hash.size());
  all += fmt::format("/{}/{}/{}", rule.window_ms, rule.bits, input);
  return fmt::format("semel:{}:{:08x}:", group, Crc32c(all));
}

std::string EventKey(std::string_view prefix, const Fingerprint& fingerprint, int bits) {
  std::string key(prefix);
  key.append(reinterpret_cast<const char*>(fingerprint.bytes.data()),
             static_cast<std::size_t>(bits) / 8);
  return key;
}

std::string MarkerKey(std::string_view prefix, std::int32_t partition) {
  return std::string(prefix) + "partition:" + std::to_string(partition);
}

}  // namespace semel::redis
