#include "fingerprint/path_tree.h"

#include "base/number.h"

namespace semel {

std::uint64_t PathTree::ParseIndex(std::string_view token) {
  const bool leading_zero = token.size() > 1 && token.front() == '0';
  if (token.empty() || leading_zero) return kNoIndex;
  // An index that does not fit is beyond the end of every array, like kNoIndex itself.
  return ParseNumber<std::uint64_t>(token).value_or(kNoIndex);
}

PathTree::Node PathTree::Add(const std::vector<std::string>& path) {
  Node node = kRoot;
  for (const std::string& token : path) {
    Node child = Member(node, token);
    if (child == kNone) {
      child = static_cast<Node>(steps_.size());
      steps_.push_back({token, ParseIndex(token), {}, 0});
      steps_[node].children.push_back(child);
      steps_[node].name_bits |= NameBit(token);
    }
    node = child;
  }
  return node;
}

PathTree::Node PathTree::Element(Node parent, std::uint64_t index) const {
  for (const Node child : steps_[parent].children) {
    if (steps_[child].index == index) return child;
  }
  return kNone;
}

}  // namespace semel
