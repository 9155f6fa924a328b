// GCC takes a function that only prefetches for one without effect, and drops calls that it does
// not inline: the look-up then costs twice as much, with no warning.
#pragma once

namespace semel {

[[gnu::always_inline]] inline void Prefetch(const void* address) {
  __builtin_prefetch(address);
  __asm__ volatile("");
}

}  // namespace semel
