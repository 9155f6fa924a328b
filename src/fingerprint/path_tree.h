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
    /// A bit for each length of the children's tokens: most names of a document fail here.
    std::uint64_t lengths = 0;
  };
  static constexpr std::uint64_t kNoIndex = UINT64_MAX;

  static std::uint64_t LengthBit(std::size_t length);
  static std::uint64_t ParseIndex(std::string_view token);

  std::vector<Step> steps_{Step{"", kNoIndex, {}, 0}};
};

inline std::uint64_t PathTree::LengthBit(std::size_t length) {
  return std::uint64_t{1} << (length & 63);
}

inline PathTree::Node PathTree::Member(Node parent, std::string_view name) const {
  const Step& step = steps_[parent];
  if ((step.lengths & LengthBit(name.size())) == 0) return kNone;
  for (const Node child : step.children) {
    if (steps_[child].token == name) return child;
  }
  return kNone;
}

}  // namespace semel
