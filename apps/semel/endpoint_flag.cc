#include "endpoint_flag.h"

#include <utility>

namespace semel::app {
namespace {

Error Bad(const std::string& text, const std::string& why) {
  return {Action::kFix, "--endpoint '" + text + "': " + why};
}

Result<void> Take(const std::string& name, const std::string& value, ingest::Endpoint& endpoint,
                  std::vector<std::string>& key) {
  const auto choose = [&](const char* yes, const char* no, auto chosen) -> Result<void> {
    if (value != yes && value != no) return Error{Action::kFix, name + " is " + yes + " or " + no};
    chosen(value == yes);
    return {};
  };
  if (name == "path") {
    endpoint.path = value;
  } else if (name == "to") {
    endpoint.topic = value;
  } else if (name == "key") {
    key.push_back(value);
  } else if (name == "on-missing") {
    return choose("accept", "reject", [&](bool accept) {
      endpoint.on_missing = accept ? ingest::OnMissing::kAccept : ingest::OnMissing::kReject;
    });
  } else if (name == "batches") {
    return choose("true", "false", [&](bool batches) { endpoint.batches = batches; });
  } else {
    return Error{Action::kFix, "'" + name + "' is none of path, to, key, on-missing and batches"};
  }
  return {};
}

}  // namespace

Result<ingest::Endpoint> ParseEndpoint(const std::string& text, ingest::Endpoint otherwise) {
  const char* const between = text.find('\n') == std::string::npos ? " " : "\n";
  ingest::Endpoint endpoint = std::move(otherwise);
  endpoint.path.clear();
  endpoint.topic.clear();
  std::vector<std::string> key;
  for (std::size_t at = text.find_first_not_of(between); at != std::string::npos;) {
    const std::size_t end = std::min(text.find_first_of(between, at), text.size());
    const std::string word = text.substr(at, end - at);
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals + 1 == word.size())
      return Bad(text, "'" + word + "' is not NAME=VALUE");
    const auto taken = Take(word.substr(0, equals), word.substr(equals + 1), endpoint, key);
    if (!taken) return Bad(text, taken.error().message);
    at = text.find_first_not_of(between, end);
  }
  if (endpoint.topic.empty()) return Bad(text, "to=TOPIC says which topic takes its events");
  if (!key.empty()) endpoint.key.parts = std::move(key);
  SEMEL_TRY(CheckPath("--endpoint path=", endpoint.path));
  return endpoint;
}

Result<void> CheckPath(const std::string& flag, const std::string& path) {
  if (!path.starts_with('/') || path.find_first_of("? #") != std::string::npos)
    return Error{Action::kFix, flag + path + ": a path begins with / and has no query"};
  for (const char* page : {"/livez", "/readyz", "/openapi.json"})
    if (path == page) return Error{Action::kFix, flag + path + " has another meaning"};
  return {};
}

}  // namespace semel::app
