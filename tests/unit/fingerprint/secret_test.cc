#include "fingerprint/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <fstream>

namespace semel {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Secret, IsHexWithSpaceAround) {
  using namespace std::string_literals;
  EXPECT_EQ(*DecodeSecret("00ff"), "\0\xff"s);
  EXPECT_EQ(*DecodeSecret(" \t\r\n0aFFbC\n\n"), "\x0a\xff\xbc");
}

TEST(Secret, ErrorsNeverQuoteIt) {
  for (const char* bad : {"", " \n", "abc", "12 34", "12\n34", "0x12", "abcdefgh", "-1"}) {
    const Result<std::string> secret = DecodeSecret(bad);
    ASSERT_FALSE(secret) << bad;
    EXPECT_EQ(secret.error().action, Action::kFix);
    EXPECT_THAT(secret.error().message, Not(HasSubstr("'"))) << "quotes something";
    if (std::string_view(bad).size() > 2) {
      EXPECT_THAT(secret.error().message, Not(HasSubstr(bad)));
    }
  }
}

TEST(Secret, OnceReadKeepsCoreDumpsAway) {
  const std::string path = ::testing::TempDir() + "semel_secret_core_test";
  std::ofstream(path) << "00112233\n";
  ASSERT_EQ(::prctl(PR_SET_DUMPABLE, 1), 0);
  ASSERT_TRUE(ReadSecretFile(path));
  EXPECT_EQ(::prctl(PR_GET_DUMPABLE), 0);
  ASSERT_EQ(::prctl(PR_SET_DUMPABLE, 1), 0);
}

TEST(Secret, ComesFromAFile) {
  const std::string path = ::testing::TempDir() + "semel_secret_test";
  std::ofstream(path) << "  00112233\n";
  EXPECT_EQ(ReadSecretFile(path)->size(), 4u);
  std::ofstream(path) << "xyz";
  EXPECT_THAT(ReadSecretFile(path).error().message, HasSubstr(path));
  EXPECT_THAT(ReadSecretFile(path + ".none").error().message, HasSubstr(path));
}

}  // namespace
}  // namespace semel
