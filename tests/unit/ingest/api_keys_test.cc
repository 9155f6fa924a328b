#include "ingest/api_keys.h"

#include <gmock/gmock.h>

namespace semel::ingest {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kSecret = "SECRET-DIGEST";
const std::string kDigest(64, 'a');
const std::string kOther(64, 'b');

std::string ErrorOf(const std::string& text) {
  const auto keys = ApiKeys::Parse(text, "keys.txt", 0);
  return keys ? "" : keys.error().message;
}

TEST(ApiKeys, AFile) {
  const auto keys =
      ApiKeys::Parse("# who\n\nweb " + kDigest + "\n  app\t" + kOther + " a b\r\n", "keys.txt", 0);
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(keys->size(), 2U);
}

TEST(ApiKeys, WhatIsWrongIsNamedByLineAndNeverShown) {
  EXPECT_THAT(ErrorOf("web " + kDigest + "\napp " + kSecret), HasSubstr("keys.txt:2"));
  EXPECT_THAT(ErrorOf("web " + kSecret), Not(HasSubstr(kSecret)));
  EXPECT_THAT(ErrorOf("web"), HasSubstr("keys.txt:1"));
  EXPECT_THAT(ErrorOf("web " + kDigest + "\nweb " + kOther), HasSubstr("twice"));
  EXPECT_THAT(ErrorOf("web " + kDigest + "\napp " + kDigest), HasSubstr("twice"));
  EXPECT_THAT(ErrorOf("# nobody\n"), HasSubstr("no key"));
}

TEST(ApiKeys, WhatIsNoKeyFindsNobody) {
  const auto keys = ApiKeys::Parse("web " + kDigest, "keys.txt", 0);
  ASSERT_TRUE(keys);
  for (const char* field : {"", "Bearer", "Bearer ", "Bearer x", "Basic", "Basic x",
                            "Basic ====", "Basic eDo=", "Digest x", " Bearer x"})
    EXPECT_EQ(keys->Find(field), nullptr) << field;
}

TEST(ApiKeys, AreReplacedInAllCopies) {
  // printf %s abc | sha256sum
  const std::string digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  const auto keys = ApiKeys::Parse("web " + digest, "keys.txt", 0);
  const auto others = ApiKeys::Parse("app " + kOther, "keys.txt", 0);
  ASSERT_TRUE(keys && others);
  const ApiKeys copy = *keys;
  const auto held = copy.Find("Bearer abc");
  ASSERT_NE(held, nullptr);
  keys->Replace(*others);
  EXPECT_EQ(copy.Find("Bearer abc"), nullptr);
  EXPECT_EQ(held->name, "web") << "a request that is under way keeps its key";
}

}  // namespace
}  // namespace semel::ingest
