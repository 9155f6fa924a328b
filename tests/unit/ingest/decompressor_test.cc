#include "ingest/decompressor.h"

#include <gtest/gtest.h>

#include "compressed.h"

namespace semel::ingest {
namespace {

class DecompressorTest : public testing::TestWithParam<ContentEncoding> {
 protected:
  static std::string Compress(std::string_view text) {
    return GetParam() == ContentEncoding::kGzip ? Gzip(text) : Zstd(text);
  }
  /// 0: it went well.
  int Decompress(std::string_view compressed) {
    Decompressor decompressor(limits);
    ByteShare share(budget);
    const auto refused = decompressor.Decompress(GetParam(), compressed, out, share);
    EXPECT_LE(out.capacity(), 2 * limits.decompressed_bytes + (std::size_t{128} << 10U));
    return refused ? refused->status : 0;
  }

  Limits limits{.decompressed_bytes = std::size_t{1} << 20U};
  ByteBudget budget{std::size_t{64} << 20U};
  std::string out;
};

TEST_P(DecompressorTest, WhatWasCompressed) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{100'000}, std::size_t{1} << 20U}) {
    const std::string text = Noise(size);
    EXPECT_EQ(Decompress(Compress(text)), 0);
    EXPECT_EQ(out, text);
  }
  EXPECT_EQ(Decompress(Compress("one ") + Compress("two")), 0);
  EXPECT_EQ(out, "one two");
}

TEST_P(DecompressorTest, WhatIsBrokenOrNotWhole) {
  const std::string whole = Compress(Noise(1000));
  EXPECT_EQ(Decompress(whole.substr(0, whole.size() - 3)), 400);
  EXPECT_EQ(Decompress(whole + "rest"), 400);
  EXPECT_EQ(Decompress("nonsense"), 400);
  EXPECT_EQ(Decompress(""), 400);
}

TEST_P(DecompressorTest, ABomb) {
  EXPECT_EQ(Decompress(Compress(std::string(std::size_t{100} << 20U, ' '))), 413);
  EXPECT_EQ(Decompress(Compress(Noise((std::size_t{1} << 20U) + 1))), 413);       // by size alone
  EXPECT_EQ(Decompress(Compress(std::string(std::size_t{1} << 19U, ' '))), 413);  // by ratio alone
}

TEST_P(DecompressorTest, TheMemoryIsShared) {
  budget.Take(std::size_t{64} << 20U);
  EXPECT_EQ(Decompress(Compress(Noise(100'000))), 503);
  EXPECT_EQ(budget.used(), std::size_t{64} << 20U);
}

INSTANTIATE_TEST_SUITE_P(, DecompressorTest,
                         testing::Values(ContentEncoding::kGzip, ContentEncoding::kZstd));

}  // namespace
}  // namespace semel::ingest
