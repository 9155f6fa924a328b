// Both implementations on random documents, most of them a little broken.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "identify.h"

namespace semel::testing {
namespace {

constexpr int kDocuments = 40'000;

/// Makes documents of few different pieces, so that names meet the paths and each other.
class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  std::string Document() {
    std::string document = Below(30) == 0 ? "\xef\xbb\xbf" : "";
    document += Space() + Value(0) + Space();
    if (Below(2) == 0) return document;
    for (std::size_t i = Below(2) + 1; i > 0 && !document.empty(); --i) Mutate(document);
    return document;
  }

  std::vector<std::string> Parts() {
    std::vector<std::string> parts;
    for (std::size_t i = Below(3) == 0 ? 2 : 1; i > 0; --i) {
      parts.push_back(Pick({"json:", "json:/a", "json:/a/b", "json:/b/0", "json:a.a.a", "json:/",
                            "json:/0", "json:/1/b", "json:/\xc3\xa9", "json:/a/1", "value",
                            "json:a", "json:/b", "json:/a"}));
    }
    return parts;
  }

 private:
  std::size_t Below(std::size_t limit) { return random_() % limit; }
  std::string Pick(const std::vector<std::string>& pieces) { return pieces[Below(pieces.size())]; }

  std::string Space() { return Below(4) != 0 ? "" : Pick({" ", "\n", "\t ", "\r\n"}); }

  std::string Name() {
    if (Below(3) != 0) return Pick({R"("a")", R"("b")", R"("c")", R"("d")", R"("e")", R"("f")"});
    return Pick({R"("a")", R"("b")", R"("0")", R"("")", R"("\u0061")", R"("\u00e9")",
                 "\"\xc3\xa9\"", R"("\ud800")",
                 R"("a much longer name than the others, of more than a block")"});
  }

  std::string Number() {
    std::string number = Pick({"", "-"}) + Pick({"0", "7", "10", "1500", "123456789012345678901"});
    number += Pick({"", "", ".0", ".50", ".0007"});
    if (Below(3) != 0) return number;
    return number + Pick({"", "", "e0", "E+2", "e-3", "e999999999", "e-999999999", "e0000000001",
                          "e99999999999999999999"});
  }

  std::string String() {
    std::string string = "\"";
    for (std::size_t i = Below(5); i > 0; --i) {
      string +=
          Pick({"a", "\\n", "\\\"", "\\\\", "\\u0000", "\xc3\xa9", "\\ud83d\\ude00", "\\u00e9",
                "\xf0\x9f\x98\x80", "0123456789abcdef0123", "\\/", "\\udc00", "\\ud83d", "{", "]"});
    }
    return string + "\"";
  }

  std::string Value(int depth) {
    // Mostly objects at the top, as only those have what the paths ask for.
    switch (depth == 0 && Below(8) != 0 ? 11 : Below(depth > 5 ? 6 : 12)) {
      case 0:
        return "null";
      case 1:
        return Pick({"true", "false"});
      case 2:
      case 3:
        return Number();
      case 4:
      case 5:
        return String();
      case 6:
      case 7:
        return Container(depth, '[', ']');
      default:
        return Container(depth, '{', '}');
    }
  }

  std::string Container(int depth, char open, char close) {
    std::string text(1, open);
    text += Space();
    const std::size_t count = Below(4) + (depth == 0 ? 2 : 0);
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) text.append(",").append(Space());
      if (open == '{') text.append(Name()).append(Space()).append(":").append(Space());
      text.append(Value(depth + 1)).append(Space());
    }
    return text + close;
  }

  void Mutate(std::string& document) {
    const std::size_t at = Below(document.size());
    switch (Below(4)) {
      case 0:
        document.erase(at, Below(3) + 1);
        return;
      case 1:
        document[at] = static_cast<char>(random_());
        return;
      case 2:
        document.insert(at,
                        Pick({"\"", "\\", "{", "]", ",", ":", "0", "e", "\x80", " ", "-", "."}));
        return;
      default:
        document.insert(at, document.substr(Below(document.size()), Below(20)));
    }
  }

  std::mt19937 random_;
};

TEST(RandomDocuments, BothImplementationsAgree) {
  Generator generator(20'240'229);
  int ok = 0;
  int invalid = 0;
  for (int i = 0; i < kDocuments; ++i) {
    const std::string document = generator.Document();
    const std::vector<std::string> parts = generator.Parts();
    const std::string ours = Identify(parts, document);
    ok += ours.starts_with("ok") ? 1 : 0;
    invalid += ours.starts_with("invalid") ? 1 : 0;
    ASSERT_EQ(ours, reference::Fingerprint({.parts = parts}, {.value = document}))
        << "document " << i << ": " << Readable(document) << " of "
        << ::testing::PrintToString(parts);
  }
  // Else the documents say little.
  EXPECT_GT(ok, kDocuments / 20);
  EXPECT_GT(invalid, kDocuments / 10);
}

// The scratch memory of one document must not be seen by the next.
TEST(RandomDocuments, OneFingerprinterForAllOfThem) {
  const std::vector<std::string> parts = {"json:/a", "json:/b/0", "json:/a/b"};
  Result<Fingerprinter> fingerprinter = Fingerprinter::Open({.parts = parts});
  ASSERT_TRUE(fingerprinter);
  Generator generator(7);
  for (int i = 0; i < kDocuments / 10; ++i) {
    const std::string document = generator.Document();
    Record record;
    record.value = document;
    const Identity identity = fingerprinter->Identify(record);
    const std::string hex = identity.outcome == Outcome::kInvalid
                                ? "-"
                                : ToHex(identity.fingerprint, fingerprinter->bits());
    const std::string expected = reference::Fingerprint({.parts = parts}, {.value = document});
    ASSERT_EQ(hex, expected.substr(expected.find(' ') + 1)) << Readable(document);
  }
}

}  // namespace
}  // namespace semel::testing
