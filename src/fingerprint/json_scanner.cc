#include "fingerprint/json_scanner.h"

#include <simdjson.h>

#include <cstring>
#include <utility>

#include "fingerprint/json_string.h"

namespace semel {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

JsonScanner::JsonScanner(PathTree tree) : tree_(std::move(tree)), found_(tree_.size()) {}

bool JsonScanner::Scan(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Reset(text);
  const char* p = SkipSpace(text.data());
  do {
    if (p == nullptr || p == end_) return false;
    if (*p == '{' || *p == '[') {
      p = ReadOpening(p);
      if (p == nullptr || p == end_) return false;
      if (*p != containers_[depth_].close) {
        p = ReadToItem(p);
        continue;
      }
    } else {
      p = ReadScalar(p);
      if (p == nullptr) return false;
    }
    p = ReadToNextValue(p);
  } while (depth_ > 0);

  if (SkipSpace(p) != end_) return false;
  return non_ascii_ == 0 || simdjson::validate_utf8(text.data(), text.size());
}

std::string_view JsonScanner::Found(PathTree::Node node) const {
  const Span& span = found_[node];
  return {span.begin, static_cast<std::size_t>(span.end - span.begin)};
}

void JsonScanner::Reset(std::string_view text) {
  for (Span& span : found_) span = {};
  end_ = text.data() + text.size();
  non_ascii_ = 0;
  next_ = PathTree::kRoot;
  depth_ = 0;
}

/// Reads a bracket and the space after it.
const char* JsonScanner::ReadOpening(const char* p) {
  if (depth_ == kMaxJsonDepth) return nullptr;
  if (next_ != PathTree::kNone) found_[next_].begin = p;
  containers_[++depth_] = {next_, 0, *p == '{' ? '}' : ']'};
  return SkipSpace(p + 1);
}

/// Where a member or an element of the innermost container must stand: goes on to its value.
const char* JsonScanner::ReadToItem(const char* p) {
  const Container& container = containers_[depth_];
  if (container.close == '}') return ReadMemberName(p);
  next_ = container.node == PathTree::kNone ? PathTree::kNone
                                            : tree_.Element(container.node, container.index);
  return p;
}

const char* JsonScanner::ReadScalar(const char* p) {
  const char* after = nullptr;
  switch (*p) {
    case '"':
      after = ScanJsonString(p + 1, end_, non_ascii_).quote;
      if (after != nullptr) ++after;
      break;
    case 't':
      after = SkipWord(p, "true");
      break;
    case 'f':
      after = SkipWord(p, "false");
      break;
    case 'n':
      after = SkipWord(p, "null");
      break;
    default:
      after = SkipNumber(p);
  }
  if (next_ != PathTree::kNone) found_[next_] = {p, after};
  return after;
}

/// After a value: closes what ends here and goes on to the next value, or to the end of the
/// outermost one.
const char* JsonScanner::ReadToNextValue(const char* p) {
  while (depth_ > 0) {
    Container& container = containers_[depth_];
    p = SkipSpace(p);
    if (p == end_) return nullptr;
    if (*p == ',') {
      ++container.index;
      return ReadToItem(SkipSpace(p + 1));
    }
    if (*p != container.close) return nullptr;
    ++p;
    if (container.node != PathTree::kNone) found_[container.node].end = p;
    --depth_;
  }
  return p;
}

/// Reads `"name" :` and the space after it.
const char* JsonScanner::ReadMemberName(const char* p) {
  if (p == end_ || *p != '"') return nullptr;
  const char* const name = p + 1;
  const auto [quote, escaped] = ScanJsonString(name, end_, non_ascii_);
  if (quote == nullptr) return nullptr;
  if (!NextIsMember({name, static_cast<std::size_t>(quote - name)}, escaped)) return nullptr;
  p = SkipSpace(quote + 1);
  if (p == end_ || *p != ':') return nullptr;
  return SkipSpace(p + 1);
}

/// False: a name that a path goes through occurs a second time in this object.
bool JsonScanner::NextIsMember(std::string_view raw_name, bool escaped) {
  next_ = PathTree::kNone;
  const PathTree::Node object = containers_[depth_].node;
  if (object == PathTree::kNone) return true;
  std::string_view name = raw_name;
  if (escaped) {
    decoded_name_.clear();
    // A name with a lone surrogate is equal to no name of a path: those are UTF-8.
    if (!AppendDecodedJsonString(raw_name, decoded_name_)) return true;
    name = decoded_name_;
  }
  next_ = tree_.Member(object, name);
  // As every object on a path is met once, so is every node: met again means the same object.
  return next_ == PathTree::kNone || found_[next_].begin == nullptr;
}

const char* JsonScanner::SkipSpace(const char* p) const {
  while (p != end_ && IsSpace(*p)) ++p;
  return p;
}

const char* JsonScanner::SkipDigits(const char* p) const {
  while (p != end_ && IsDigit(*p)) ++p;
  return p;
}

const char* JsonScanner::SkipNumber(const char* p) const {
  if (*p == '-') ++p;
  const char* const whole = p;
  p = SkipDigits(p);
  if (p == whole || (*whole == '0' && p != whole + 1)) return nullptr;
  if (p != end_ && *p == '.') {
    const char* const fraction = p + 1;
    p = SkipDigits(fraction);
    if (p == fraction) return nullptr;
  }
  if (p != end_ && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != end_ && (*p == '+' || *p == '-')) ++p;
    const char* const exponent = p;
    p = SkipDigits(exponent);
    if (p == exponent) return nullptr;
  }
  return p;
}

const char* JsonScanner::SkipWord(const char* p, std::string_view word) const {
  if (static_cast<std::size_t>(end_ - p) < word.size()) return nullptr;
  return std::memcmp(p, word.data(), word.size()) == 0 ? p + word.size() : nullptr;
}

}  // namespace semel
