#include "allocations.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

// AddressSanitizer says what is asked for; without it, this program has its own `new`.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SEMEL_ADDRESS_SANITIZER
#endif
#endif

#ifdef SEMEL_ADDRESS_SANITIZER
#include <sanitizer/allocator_interface.h>
#else
#include <new>
#endif

namespace semel::fuzz {
namespace {

thread_local std::size_t largest = 0;

void Note(std::size_t size) { largest = std::max(largest, size); }

}  // namespace

std::size_t LargestAllocation() {
#ifdef SEMEL_ADDRESS_SANITIZER
  static const int installed = __sanitizer_install_malloc_and_free_hooks(
      [](const volatile void* /*block*/, std::size_t size) { Note(size); },
      [](const volatile void* /*block*/) {});
  if (installed == 0) std::abort();
#endif
  return std::exchange(largest, 0);
}

}  // namespace semel::fuzz

#ifndef SEMEL_ADDRESS_SANITIZER
void* operator new(std::size_t size) {
  semel::fuzz::Note(size);
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t /*size*/) noexcept { std::free(block); }
#endif
