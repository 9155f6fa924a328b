#include "wiring/dedup_options.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace semel {
namespace {

using Kind = pipeline::Policy::Kind;

constexpr std::string_view kTopicPrefix = "topic:";
constexpr std::size_t kTopicNameMax = 249;  // Kafka's

const std::map<std::string, Kind>& KindsByWord() {
  static const std::map<std::string, Kind> kKinds = {{"pass", Kind::kPass},
                                                     {"drop", Kind::kDrop},
                                                     {"fail", Kind::kFail},
                                                     {"mark", Kind::kMark},
                                                     {"dedup", Kind::kDedup}};
  return kKinds;
}

std::array<const PolicyChoice*, 5> All(const PolicyChoices& choices) {
  return {&choices.duplicate, &choices.missing, &choices.invalid, &choices.late, &choices.rejected};
}

Result<void> CheckTopicName(const std::string& flag, const std::string& name) {
  const bool readable = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  if (readable && !name.empty() && name.size() <= kTopicNameMax && name != "." && name != "..")
    return {};
  return Error{Action::kFix, flag + ": '" + name +
                                 "' is no name for a topic: 1 to 249 letters, digits, '.', '_' "
                                 "and '-'"};
}

}  // namespace

Result<PolicyChoice> ParsePolicy(const std::string& flag, const std::string& text,
                                 const std::vector<std::string>& allowed) {
  if (text.starts_with(kTopicPrefix)) {
    PolicyChoice choice{Kind::kTopic, text.substr(kTopicPrefix.size())};
    SEMEL_TRY(CheckTopicName(flag, choice.topic));
    return choice;
  }
  if (std::ranges::find(allowed, text) != allowed.end())
    return PolicyChoice{KindsByWord().at(text)};
  std::string words;
  for (const std::string& word : allowed) words += word + ", ";
  return Error{Action::kFix, flag + " takes " + words + "topic:NAME, not '" + text + "'"};
}

std::vector<std::string> PolicyTopics(const PolicyChoices& choices) {
  std::vector<std::string> topics;
  for (const PolicyChoice* choice : All(choices))
    if (choice->kind == Kind::kTopic && std::ranges::find(topics, choice->topic) == topics.end())
      topics.push_back(choice->topic);
  return topics;
}

pipeline::Policies Resolve(const PolicyChoices& choices,
                           const std::vector<pipeline::TopicRef>& topics) {
  const auto resolve = [&topics](const PolicyChoice& choice) {
    const auto found = std::ranges::find(topics, choice.topic, &pipeline::TopicRef::name);
    const auto index = static_cast<kafka::TopicIndex>(found - topics.begin());
    return pipeline::Policy{choice.kind, choice.kind == Kind::kTopic ? index : -1};
  };
  return {.duplicate = resolve(choices.duplicate),
          .missing = resolve(choices.missing),
          .invalid = resolve(choices.invalid),
          .late = resolve(choices.late),
          .rejected = resolve(choices.rejected)};
}

Result<void> CheckNames(const DedupOptions& options) {
  std::map<std::string, std::string> uses;  // name -> what for
  std::vector<std::pair<std::string, std::string>> all = {
      {"--from", options.from}, {"--to", options.to}, {"--changelog", options.changelog}};
  for (const std::string& topic : PolicyTopics(options.policies))
    all.emplace_back("a policy's topic", topic);
  for (const auto& [use, name] : all) {
    SEMEL_TRY(CheckTopicName(use, name));
    const auto [other, first] = uses.try_emplace(name, use);
    if (!first)
      return Error{Action::kFix, other->second + " and " + use + " are the same topic, " + name +
                                     ": each needs one of its own"};
  }
  return {};
}

}  // namespace semel
