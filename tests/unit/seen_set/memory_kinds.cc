#include "tests/unit/seen_set/contract.h"

namespace semel::seen_set_test {
namespace {

Kind Memory(int bits) {
  return {"Memory" + std::to_string(bits), bits, [bits](std::int64_t window_ms) {
            return OpenMemorySeenSet(
                {.window = std::chrono::milliseconds(window_ms), .bits = bits, .seed = 42});
          }};
}

}  // namespace

std::vector<Kind> Kinds() { return {Memory(128), Memory(256)}; }

}  // namespace semel::seen_set_test
