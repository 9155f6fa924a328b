// One pass over a JSON document that checks all of it (RFC 8259) and finds the values at the paths
// a rule asks for. Our own, because simdjson's DOM refuses valid documents (a 30-digit integer) and
// its On-Demand does not look at what is off the path.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fingerprint/path_tree.h"

namespace semel {

/// How deep arrays and objects may be nested.
inline constexpr std::size_t kMaxJsonDepth = 64;

/// Threads: one caller at a time per object.
class JsonScanner {
 public:
  explicit JsonScanner(PathTree tree);

  /// Reads `text`. False: it is not one valid JSON text, or a member name on a path of the tree
  /// occurs twice in its object. Cost: no allocation once warmed up.
  bool Scan(std::string_view text);

  /// The raw text of the value at `node` in the text of the last successful Scan; empty: absent.
  std::string_view Found(PathTree::Node node) const;

 private:
  struct Container {
    PathTree::Node node = PathTree::kNone;  ///< kNone: no path leads into it
    std::uint64_t index = 0;                ///< of the item it is at
    char close = 0;
  };
  struct Span {
    const char* begin = nullptr;
    const char* end = nullptr;
  };

  // Each reads something at a position and returns the position after it, or null where the text
  // is not valid.
  const char* ReadOpening(const char* p);
  const char* ReadScalar(const char* p);
  const char* ReadToNextValue(const char* p);
  const char* ReadToItem(const char* p);
  const char* ReadMemberName(const char* p);
  const char* SkipSpace(const char* p) const;
  const char* SkipDigits(const char* p) const;
  const char* SkipNumber(const char* p) const;
  const char* SkipWord(const char* p, std::string_view word) const;

  void Reset(std::string_view text);
  bool NextIsMember(std::string_view raw_name, bool escaped);

  const PathTree tree_;
  std::vector<Span> found_;  ///< by node
  std::string decoded_name_;

  // Of the text that is being read.
  const char* end_ = nullptr;
  std::uint32_t non_ascii_ = 0;            ///< not 0: some byte is above 127
  PathTree::Node next_ = PathTree::kRoot;  ///< of the value that comes next
  std::size_t depth_ = 0;
  std::array<Container, kMaxJsonDepth + 1> containers_;  ///< [depth_]: the innermost that is open
};

}  // namespace semel
