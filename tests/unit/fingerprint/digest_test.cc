#include "fingerprint/digest.h"

#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <string>

namespace semel {
namespace {

Digest Open(std::string_view secret) {
  Result<Digest> digest = Digest::Open(secret);
  EXPECT_TRUE(digest);
  return std::move(*digest);
}

TEST(Digest, IsSha256) {
  Digest digest = Open("");
  const Digest::Sum abc = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                           0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                           0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
  EXPECT_EQ(digest.Compute("abc"), abc);
  EXPECT_NE(digest.Compute(""), abc);
  EXPECT_EQ(digest.Compute("abc"), abc) << "nothing is left of the message before";
}

TEST(Digest, IsHmacSha256ForSecretsOfEveryLength) {
  for (const std::size_t size : {1u, 16u, 63u, 64u, 65u, 200u}) {
    const std::string secret(size, 's');
    Digest digest = Open(secret);
    for (const std::string& message : {std::string(), std::string("x"), std::string(1000, 'm')}) {
      Digest::Sum expected{};
      unsigned length = 0;
      HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(), expected.data(),
           &length);
      EXPECT_EQ(digest.Compute(message), expected) << size;
    }
  }
}

}  // namespace
}  // namespace semel
