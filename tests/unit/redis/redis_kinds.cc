#include "tests/unit/redis/one_redis.h"
#include "tests/unit/seen_set/contract.h"

namespace semel::seen_set_test {
namespace {

Kind Redis(int bits) {
  return {"Redis" + std::to_string(bits), bits, [bits](std::int64_t window_ms) {
            const auto lane = std::make_shared<redis_test::Lane>(
                redis_test::Settings(std::chrono::milliseconds(window_ms), bits));
            const auto set =
                std::shared_ptr<SeenSet>(redis::OpenRedisSeenSet(0, lane->claims, false));
            return std::shared_ptr<SeenSet>(set.get(), [lane, set](SeenSet*) {});
          }};
}

}  // namespace

std::vector<Kind> Kinds() { return {Redis(128), Redis(256)}; }

}  // namespace semel::seen_set_test
