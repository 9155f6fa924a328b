#include "ingest/body_split.h"

#include <string>

#include "fingerprint/json_string.h"

namespace semel::ingest {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kSpace = " \t\r\n";

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

/// How long the JSON value is that `text` begins with, brackets counted and strings skipped; 0: it
/// does not end. No recursion: depth costs nothing here, and is judged later.
std::size_t ValueSize(std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  std::size_t depth = 0;
  std::uint32_t non_ascii = 0;
  for (; p != end; ++p) {
    switch (*p) {
      case '"':
        p = ScanJsonString(p + 1, end, non_ascii).quote;
        if (p == nullptr) return 0;
        if (depth == 0) return static_cast<std::size_t>(p + 1 - text.data());
        break;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (depth == 0) return static_cast<std::size_t>(p - text.data());
        if (--depth == 0) return static_cast<std::size_t>(p + 1 - text.data());
        break;
      case ',':
        if (depth == 0) return static_cast<std::size_t>(p - text.data());
        break;
      default:
        break;
    }
  }
  return depth == 0 ? text.size() : 0;
}

Refusal TooMany(std::size_t events_max) {
  return {413, "more than " + std::to_string(events_max) + " events in one request"};
}

Refusal Broken(std::size_t event) {
  return {400, "the array is not valid JSON at events[" + std::to_string(event) + "]"};
}

std::optional<Refusal> SplitArray(std::string_view body, std::size_t events_max, Split& split) {
  std::string_view rest = Trim(body.substr(1));
  if (rest == "]") return std::nullopt;
  while (true) {
    const std::size_t index = split.events.size();
    const std::size_t size = ValueSize(rest);
    const std::string_view event = Trim(rest.substr(0, size));
    if (event.empty()) return Broken(index);
    if (index == events_max) return TooMany(events_max);
    split.events.push_back(event);
    rest = Trim(rest.substr(size));
    if (rest.empty()) return Broken(index);
    const char next = rest.front();
    rest = Trim(rest.substr(1));
    if (next == ']' && rest.empty()) return std::nullopt;
    if (next != ',') return Broken(index);
  }
}

std::optional<Refusal> SplitLines(std::string_view body, std::size_t events_max, Split& split) {
  while (!body.empty()) {
    const std::size_t end = body.find('\n');
    const std::string_view event = Trim(body.substr(0, end));
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    if (event.empty()) continue;
    if (split.events.size() == events_max) return TooMany(events_max);
    split.events.push_back(event);
  }
  return std::nullopt;
}

/// Does another value follow the first one in a line of its own?
bool LooksLikeLines(std::string_view body) {
  const std::size_t line = body.find('\n');
  if (line == std::string_view::npos) return false;
  const std::size_t size = ValueSize(body);
  return size > 0 && size < body.size() && Trim(body.substr(0, line)) == body.substr(0, size);
}

}  // namespace

std::optional<Refusal> SplitBody(std::string_view body, ContentType type, bool batches,
                                 std::size_t events_max, Split& split) {
  split.batch = false;
  split.events.clear();
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  body = Trim(body);
  if (body.empty()) return Refusal{400, "the body is empty"};
  const bool lines = type == ContentType::kNdjson ||
                     (type == ContentType::kUnsaid && body.front() == '{' && LooksLikeLines(body));
  split.batch = lines || body.front() == '[';
  if (split.batch && !batches) return Refusal{400, "this path takes one JSON object"};
  if (lines) return SplitLines(body, events_max, split);
  if (split.batch) return SplitArray(body, events_max, split);
  split.events.push_back(body);
  return std::nullopt;
}

}  // namespace semel::ingest
