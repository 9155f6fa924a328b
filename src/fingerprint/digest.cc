#include "fingerprint/digest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <cstddef>
#include <cstdlib>
#include <string>
#include <utility>

namespace semel {
namespace {

struct FreeAlgorithm {
  void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
  void operator()(EVP_MAC* algorithm) const { EVP_MAC_free(algorithm); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

const unsigned char* AsBytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

struct Digest::Impl {
  // Fetched once: looking the algorithm up for each message costs more than hashing it.
  std::unique_ptr<EVP_MD, FreeAlgorithm> sha256{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  std::unique_ptr<EVP_MD_CTX, FreeContext> hash{EVP_MD_CTX_new()};
  std::unique_ptr<EVP_MAC_CTX, FreeContext> hmac;  ///< knows the secret; null: there is none

  bool Start();
  bool StartKeyed(std::string_view secret);
  bool Hash(std::string_view message, Sum& sum);
  bool HashKeyed(std::string_view message, Sum& sum);
};

bool Digest::Impl::Start() {
  return sha256 != nullptr && hash != nullptr &&
         EVP_DigestInit_ex(hash.get(), sha256.get(), nullptr) == 1;
}

bool Digest::Impl::StartKeyed(std::string_view secret) {
  const std::unique_ptr<EVP_MAC, FreeAlgorithm> algorithm(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  hmac.reset(EVP_MAC_CTX_new(algorithm.get()));
  std::string name = "SHA256";
  const std::array parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
      OSSL_PARAM_construct_end()};
  return hmac != nullptr &&
         EVP_MAC_init(hmac.get(), AsBytes(secret), secret.size(), parameters.data()) == 1;
}

bool Digest::Impl::Hash(std::string_view message, Sum& sum) {
  return EVP_DigestInit_ex(hash.get(), sha256.get(), nullptr) == 1 &&
         EVP_DigestUpdate(hash.get(), message.data(), message.size()) == 1 &&
         EVP_DigestFinal_ex(hash.get(), sum.data(), nullptr) == 1;
}

bool Digest::Impl::HashKeyed(std::string_view message, Sum& sum) {
  std::size_t size = 0;
  // No key: the one of StartKeyed again.
  return EVP_MAC_init(hmac.get(), nullptr, 0, nullptr) == 1 &&
         EVP_MAC_update(hmac.get(), AsBytes(message), message.size()) == 1 &&
         EVP_MAC_final(hmac.get(), sum.data(), &size, sum.size()) == 1;
}

Result<Digest> Digest::Open(std::string_view secret) {
  auto impl = std::make_unique<Impl>();
  if (!impl->Start() || (!secret.empty() && !impl->StartKeyed(secret))) {
    return Error{Action::kFail,
                 "OpenSSL provides no SHA-256; see its configuration file (openssl version -d)"};
  }
  return Digest(std::move(impl));
}

Digest::Digest(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;
Digest::~Digest() = default;

Digest::Sum Digest::Compute(std::string_view message) {
  Sum sum{};
  const bool done =
      impl_->hmac == nullptr ? impl_->Hash(message, sum) : impl_->HashKeyed(message, sum);
  // Only out of memory comes here, and to go on with a wrong fingerprint would lose an event.
  if (!done) std::abort();
  return sum;
}

}  // namespace semel
