#include "fingerprint/canonical_json.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "fingerprint/decimal.h"
#include "fingerprint/encoding.h"
#include "fingerprint/json_string.h"

namespace semel {
namespace {

bool EndsNumber(char c) {
  return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// Puts `count` where the items begin: their number is known only after the last of them.
void InsertCount(std::string& out, std::size_t at, std::uint64_t count) {
  if (count < 0x80) {
    out[at] = static_cast<char>(count);  // the usual case: fits the byte that was kept free
    return;
  }
  std::string varint;
  AppendVarint(varint, count);
  out.replace(at, 1, varint);
}

}  // namespace

bool JsonCanonicalizer::Append(std::string_view value, std::string& out) {
  p_ = value.data();
  end_ = value.data() + value.size();
  out_ = &out;
  members_.clear();
  return AppendValue();
}

bool JsonCanonicalizer::AppendValue() {
  switch (*p_) {
    case '{':
      return AppendObject();
    case '[':
      return AppendArray();
    case '"':
      return AppendString();
    case 'n':
    case 't':
    case 'f':
      out_->push_back(*p_);
      p_ += *p_ == 'f' ? 5 : 4;
      return true;
    default:
      return AppendNumber();
  }
}

bool JsonCanonicalizer::AppendNumber() {
  const char* const after = std::find_if(p_, end_, EndsNumber);
  const std::string_view number(p_, after);
  p_ = after;
  out_->push_back('d');
  return AppendDecimal(number, *out_);
}

bool JsonCanonicalizer::AppendString() {
  const std::optional<std::string_view> text = TakeString();
  if (!text) return false;
  out_->push_back('s');
  AppendPrefixed(*out_, *text);
  return true;
}

bool JsonCanonicalizer::AppendArray() {
  out_->push_back('a');
  const std::size_t count_at = out_->size();
  out_->push_back(0);
  std::uint64_t count = 0;
  ++p_;
  while (!TakeIf(']')) {
    if (count > 0) TakeIf(',');
    SkipSpace();
    if (!AppendValue()) return false;
    ++count;
  }
  InsertCount(*out_, count_at, count);
  return true;
}

bool JsonCanonicalizer::AppendObject() {
  out_->push_back('o');
  const std::size_t count_at = out_->size();
  out_->push_back(0);
  const std::size_t first_member = members_.size();
  ++p_;
  while (!TakeIf('}')) {
    if (members_.size() > first_member) TakeIf(',');
    SkipSpace();
    if (!AppendMember()) return false;
  }
  if (!SortMembers(first_member)) return false;
  InsertCount(*out_, count_at, members_.size() - first_member);
  members_.resize(first_member);
  return true;
}

bool JsonCanonicalizer::AppendMember() {
  const std::optional<std::string_view> name = TakeString();
  if (!name) return false;
  Member member{};
  member.begin = out_->size();
  member.name_size = name->size();
  AppendPrefixed(*out_, *name);
  member.name = out_->size() - member.name_size;
  TakeIf(':');
  SkipSpace();
  if (!AppendValue()) return false;
  member.end = out_->size();
  members_.push_back(member);
  return true;
}

/// Brings the members from `first_member` on, which are the end of the output, into the order of
/// their names. False: two have the same name.
bool JsonCanonicalizer::SortMembers(std::size_t first_member) {
  const auto name = [this](const Member& member) {
    return std::string_view(*out_).substr(member.name, member.name_size);
  };
  const auto less = [&name](const Member& a, const Member& b) { return name(a) < name(b); };
  const auto same = [&name](const Member& a, const Member& b) { return name(a) == name(b); };

  const auto first = members_.begin() + static_cast<std::ptrdiff_t>(first_member);
  const bool in_order = std::is_sorted(first, members_.end(), less);
  const std::size_t begin = first == members_.end() ? out_->size() : first->begin;
  if (!in_order) std::sort(first, members_.end(), less);
  if (std::adjacent_find(first, members_.end(), same) != members_.end()) return false;
  if (in_order) return true;

  sorted_.clear();
  for (auto member = first; member != members_.end(); ++member) {
    sorted_.append(*out_, member->begin, member->end - member->begin);
  }
  out_->replace(begin, sorted_.size(), sorted_);
  return true;
}

void JsonCanonicalizer::SkipSpace() {
  while (*p_ == ' ' || *p_ == '\n' || *p_ == '\r' || *p_ == '\t') ++p_;
}

/// Skips white space and then `c`, if that is next.
bool JsonCanonicalizer::TakeIf(char c) {
  SkipSpace();
  if (*p_ != c) return false;
  ++p_;
  return true;
}

/// What the string at `p_` stands for, valid until the next call; nothing: a lone surrogate.
std::optional<std::string_view> JsonCanonicalizer::TakeString() {
  std::uint32_t non_ascii = 0;  // UTF-8 was checked when the document was scanned
  const auto [quote, escaped] = ScanJsonString(p_ + 1, end_, non_ascii);
  const std::string_view raw(p_ + 1, quote);
  p_ = quote + 1;
  if (!escaped) return raw;
  decoded_.clear();
  if (!AppendDecodedJsonString(raw, decoded_)) return std::nullopt;
  return decoded_;
}

}  // namespace semel
