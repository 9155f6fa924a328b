#include "file_references.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "config/yaml_settings.h"
#include "kafka/property_rules.h"

namespace semel::app {
namespace {

constexpr std::size_t kTellingMin = 4;  // shorter ones are words of our own texts too

bool IsName(std::string_view text) {
  const auto in_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && std::ranges::all_of(text, in_name) &&
         !(text.front() >= '0' && text.front() <= '9');
}

/// The NAME of a text that is `${NAME}` and no more; else empty.
std::string OnlyName(const std::string& text) {
  if (!text.starts_with("${") || !text.ends_with('}')) return {};
  std::string name = text.substr(2, text.size() - 3);
  return IsName(name) ? name : std::string();
}

std::string Variable(const std::string& name, const YAML::Mark& mark) {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr) throw config::Refusal{mark, "the environment has no variable " + name};
  return value;
}

}  // namespace

void FileReferences::Follow(YAML::Node node) { FollowIn(std::move(node), false, false); }

void FileReferences::FollowIn(YAML::Node node, bool secret, bool properties) {
  if (node.IsScalar()) {
    if (!done_.emplace(node.Mark().line, node.Mark().column).second) return;
    const std::string name = secret ? OnlyName(node.Scalar()) : std::string();
    if (name.empty()) {
      if (node.Scalar().find('$') != std::string::npos) node = Expanded(node);
      return;
    }
    values_.push_back({Variable(name, node.Mark()), node.Scalar()});
    node = "env:" + name;
  } else if (node.IsSequence()) {
    for (YAML::Node each : node) FollowIn(each, false, false);
  } else if (node.IsMap()) {
    for (const auto& entry : node) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
      if (key == "sink-postgres" && entry.second.IsMap() && entry.second["to"])
        FollowIn(entry.second["to"], true, false);
      FollowIn(entry.second, properties && kafka::IsSecret(key), key == "kafka");
    }
  }
}

std::string FileReferences::Expanded(const YAML::Node& node) {
  const std::string text = node.Scalar();
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = std::string_view(text).substr(at);
    if (rest.starts_with("$${")) {
      out += "${";
      at += 3;
    } else if (rest.starts_with("${")) {
      const std::size_t end = rest.find('}');
      const std::string name(rest.substr(2, end == std::string_view::npos ? end : end - 2));
      if (end == std::string_view::npos || !IsName(name))
        throw config::Refusal{node.Mark(),
                              "a variable of the environment is written ${NAME}; $${ stands for ${ "
                              "itself"};
      values_.push_back({Variable(name, node.Mark()), std::string(rest.substr(0, end + 1))});
      out += values_.back().value;
      at += end + 1;
    } else {
      out += text[at++];
    }
  }
  return out;
}

std::string FileReferences::Hide(std::string text) const {
  for (const auto& [value, reference] : values_) {
    if (value.size() < kTellingMin) continue;
    for (std::size_t at = 0; (at = text.find(value, at)) != std::string::npos;
         at += reference.size())
      text.replace(at, value.size(), reference);
  }
  return text;
}

}  // namespace semel::app
