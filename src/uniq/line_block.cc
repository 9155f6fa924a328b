#include "uniq/line_block.h"

#include <algorithm>
#include <cstring>

namespace semel {

void LineBlock::Identify(Fingerprinter& fingerprinter) {
  lines_.clear();
  prints_.clear();
  std::string_view text = buffer_.text();
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    Record record;
    record.value = text.substr(0, end);
    const Identity identity = fingerprinter.Identify(record);
    lines_.push_back({end + 1, identity.outcome});
    if (identity.outcome == Outcome::kOk)
      std::copy_n(identity.fingerprint.bytes.begin(), sizeof(ShortFingerprint),
                  prints_.emplace_back().begin());
    text.remove_prefix(end + 1);
  }
}

LineCounts LineBlock::KeepFirst(FingerprintSet& seen) {
  is_new_.resize(prints_.size());
  seen.Add(prints_, is_new_);
  LineCounts counts{.lines = lines_.size()};
  auto is_new = is_new_.begin();
  const char* from = buffer_.data();
  char* to = buffer_.data();
  for (const Line& line : lines_) {
    bool kept = true;
    if (line.outcome == Outcome::kOk) {
      kept = *is_new++ != 0;
      counts.duplicates += kept ? 0 : 1;
    } else {
      ++(line.outcome == Outcome::kMissing ? counts.missing : counts.invalid);
    }
    if (kept) {
      if (to != from) std::memmove(to, from, line.size);
      to += line.size;
    }
    from += line.size;
  }
  buffer_.Cut(static_cast<std::size_t>(to - buffer_.data()));
  return counts;
}

}  // namespace semel
