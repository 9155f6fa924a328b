#include "fingerprint/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <utility>

namespace semel {
namespace {

constexpr std::size_t kBlockSize = 64;
using Block = std::array<std::uint8_t, kBlockSize>;

struct FreeAlgorithm {
  void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

std::string_view AsText(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

/// RFC 2104: the key, filled up with zeros and XORed with one byte.
Block Pad(const Block& key, std::uint8_t byte) {
  Block pad = key;
  for (std::uint8_t& b : pad) b ^= byte;
  return pad;
}

}  // namespace

struct Digest::Impl {
  // Fetched once: looking the algorithm up for each message costs more than hashing it.
  std::unique_ptr<EVP_MD, FreeAlgorithm> algorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
  // HMAC is made of two hashes here: OpenSSL 3.0's own HMAC allocates for each message.
  bool keyed = false;
  Block inner_pad{};
  Block outer_pad{};

  Sum Sha256(std::string_view head, std::string_view tail);
  void SetSecret(std::string_view secret);
};

/// Hashes `head` and then `tail`.
Digest::Sum Digest::Impl::Sha256(std::string_view head, std::string_view tail) {
  Sum sum;
  const bool done = EVP_DigestInit_ex(context.get(), algorithm.get(), nullptr) == 1 &&
                    EVP_DigestUpdate(context.get(), head.data(), head.size()) == 1 &&
                    EVP_DigestUpdate(context.get(), tail.data(), tail.size()) == 1 &&
                    EVP_DigestFinal_ex(context.get(), sum.data(), nullptr) == 1;
  // Cannot happen with a context that has worked once. To go on with a wrong fingerprint would lose
  // an event.
  if (!done) std::abort();
  return sum;
}

void Digest::Impl::SetSecret(std::string_view secret) {
  Block key{};
  if (secret.size() > kBlockSize) {
    const Sum sum = Sha256(secret, {});
    std::copy(sum.begin(), sum.end(), key.begin());
  } else {
    std::copy(secret.begin(), secret.end(), key.begin());
  }
  inner_pad = Pad(key, 0x36);
  outer_pad = Pad(key, 0x5c);
  keyed = true;
}

Result<Digest> Digest::Open(std::string_view secret) {
  auto impl = std::make_unique<Impl>();
  const bool works = impl->algorithm != nullptr && impl->context != nullptr &&
                     EVP_DigestInit_ex(impl->context.get(), impl->algorithm.get(), nullptr) == 1;
  if (!works) {
    return Error{Action::kFail,
                 "OpenSSL provides no SHA-256; see its configuration file (openssl version -d)"};
  }
  if (!secret.empty()) impl->SetSecret(secret);
  return Digest(std::move(impl));
}

Digest::Digest(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

Digest::Sum Digest::Compute(std::string_view message) {
  if (!impl_->keyed) return impl_->Sha256(message, {});
  const Sum inner = impl_->Sha256(AsText(impl_->inner_pad.data(), kBlockSize), message);
  return impl_->Sha256(AsText(impl_->outer_pad.data(), kBlockSize),
                       AsText(inner.data(), inner.size()));
}

}  // namespace semel
