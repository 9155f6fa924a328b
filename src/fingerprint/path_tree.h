// The paths that a rule's json parts ask for, as one tree, so that one pass over a document can
// look for all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace semel {

/// Threads: as a standard container.
class PathTree {
 public:
  using Node = std::uint32_t;
  static constexpr Node kRoot = 0;
  static constexpr Node kNone = UINT32_MAX;

  /// The node at the end of `path`, made where it is not there yet.
  Node Add(const std::vector<std::string>& path);

  /// The node of member `name` of an object at `parent`, or kNone.
  Node Member(Node parent, std::string_view name) const;

  /// The node of element `index` of an array at `parent`, or kNone.
  Node Element(Node parent, std::uint64_t index) const;

  std::size_t size() const { return steps_.size(); }

 private:
  struct Step {
    std::string token;
    std::uint64_t index;  ///< the array element that `token` names, or kNoIndex
    std::vector<Node> children;
    /// The NameBit of each child: most names of a document need no comparison.
    std::uint64_t name_bits = 0;
  };
  static constexpr std::uint64_t kNoIndex = UINT64_MAX;

  static std::uint64_t NameBit(std::string_view name);
  static std::uint64_t ParseIndex(std::string_view token);

  std::vector<Step> steps_{Step{"", kNoIndex, {}, 0}};
};

/// One of 64 bits, by the length and both ends of a name: names of one producer often share a
/// prefix.
inline std::uint64_t PathTree::NameBit(std::string_view name) {
  if (name.empty()) return 1;
  const std::size_t first = static_cast<unsigned char>(name.front());
  const std::size_t last = static_cast<unsigned char>(name.back());
  return std::uint64_t{1} << ((name.size() + 5 * first + 11 * last) & 63);
}

inline PathTree::Node PathTree::Member(Node parent, std::string_view name) const {
  const Step& step = steps_[parent];
  if ((step.name_bits & NameBit(name)) == 0) return kNone;
  for (const Node child : step.children) {
    if (steps_[child].token == name) return child;
  }
  return kNone;
}

}  // namespace semel
