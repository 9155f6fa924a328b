// ${NAME} in the values of the file of `semel run`.
#pragma once

#include <yaml-cpp/yaml.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace semel::app {

/// Puts the environment's values into a YAML tree, and takes them out of texts that people see.
class FileReferences {
 public:
  /// ${NAME} becomes the value of that variable, $${ becomes ${. A secret that is nothing but
  /// ${NAME} becomes env:NAME, the form in which its own setting takes it.
  /// Throws config::Refusal for a variable that is not set and for what is no name.
  void Follow(YAML::Node node);

  /// `text` with ${NAME} in place of what stood for it.
  std::string Hide(std::string text) const;

 private:
  struct Value {
    std::string value;
    std::string reference;
  };
  void FollowIn(YAML::Node node, bool secret, bool properties);
  std::string Expanded(const YAML::Node& node);

  std::vector<Value> values_;
  std::set<std::pair<int, int>> done_;  // an anchor's value is met more than once
};

}  // namespace semel::app
