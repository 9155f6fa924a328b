// SHA-256 and HMAC-SHA-256, at the price of the hash alone.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "semel/result.h"

namespace semel {

/// Threads: one caller at a time per object.
class Digest {
 public:
  using Sum = std::array<std::uint8_t, 32>;

  /// SHA-256, or HMAC-SHA-256 where `secret` is not empty.
  /// Errors: kFail: this OpenSSL does not provide SHA-256.
  static Result<Digest> Open(std::string_view secret);

  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;
  ~Digest();

  /// Cost: the hash and, inside OpenSSL 3.0, one small allocation for each hash.
  Sum Compute(std::string_view message);

 private:
  struct Impl;
  explicit Digest(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace semel
