#include "ingest/request_reader.h"

#include <gtest/gtest.h>

namespace semel::ingest {
namespace {

TEST(FindHeadEnd, IsTheSameHoweverTheBytesCome) {
  for (const std::string text : {"GET / HTTP/1.1\r\nA: b\r\n\r\nrest", "GET / HTTP/1.1\r\n\r\n",
                                 "A\nB", "A\r\n\tB\r\n\r\n", "A\rB", "\r\n\r\n", "\n",
                                 "A\r\r\n\r\n", "A\r\nB\r\n", "A\r", "A\r\n\r", "A\r\n\r\n body"}) {
    std::size_t scanned = 0;
    const HeadEnd whole = FindHeadEnd(text, scanned);
    HeadEnd last;
    scanned = 0;
    for (std::size_t size = 1; size <= text.size(); ++size) {
      last = FindHeadEnd(std::string_view(text).substr(0, size), scanned);
      if (last.size > 0 || last.wrong != nullptr) break;
    }
    EXPECT_EQ(last.size, whole.size) << text;
    EXPECT_EQ(last.wrong != nullptr, whole.wrong != nullptr) << text;
  }
}

TEST(FindHeadEnd, Finds) {
  std::size_t scanned = 0;
  EXPECT_EQ(FindHeadEnd("GET / HTTP/1.1\r\nA: b\r\n\r\nrest", scanned).size, 24U);
  scanned = 0;
  EXPECT_EQ(FindHeadEnd("A: b\r\n\r\n {}", scanned).size, 8U);  // the body's blank folds nothing
  scanned = 0;
  EXPECT_NE(FindHeadEnd("A: b\nC: d\r\n\r\n", scanned).wrong, nullptr);
  scanned = 0;
  EXPECT_NE(FindHeadEnd("A: b\r\n c\r\n\r\n", scanned).wrong, nullptr);
  scanned = 0;
  EXPECT_NE(FindHeadEnd("A: b\rc\r\n\r\n", scanned).wrong, nullptr);
}

}  // namespace
}  // namespace semel::ingest
