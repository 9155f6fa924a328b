#include "fingerprint_lines.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <string>
#include <string_view>

namespace semel::app {
namespace {

constexpr std::size_t kReadSize = std::size_t{256} << 10;

Error SystemError(std::string_view what) {
  return {Action::kFail, std::string(what) + ": " + std::strerror(errno)};
}

/// False: nobody reads any more.
Result<bool> WriteAll(int out, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(out, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno == EPIPE) return false;
      return SystemError("cannot write the result");
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Writes results of lines; says once why framed values are invalid.
class LineReport {
 public:
  explicit LineReport(Fingerprinter& fingerprinter) : fingerprinter_(fingerprinter) {}

  void Add(std::string_view line) {
    ++lines_;
    Record record;
    record.value = line;
    const Identity identity = fingerprinter_.Identify(record);
    if (identity.outcome == Outcome::kInvalid) {
      WarnOfFraming(line);
      text_ += "invalid\t-\n";
      return;
    }
    text_ += identity.outcome == Outcome::kOk ? "ok\t" : "missing\t";
    text_ += ToHex(identity.fingerprint, fingerprinter_.bits());
    text_ += '\n';
  }

  std::string& text() { return text_; }

 private:
  void WarnOfFraming(std::string_view line) {
    if (warned_ || !LooksLikeSchemaRegistryFraming(line)) return;
    warned_ = true;
    std::cerr << "semel: line " << lines_
              << " begins like a Schema-Registry message (a zero byte and a schema number), which "
                 "is not JSON; such values are invalid. This is said once.\n";
  }

  Fingerprinter& fingerprinter_;
  std::uint64_t lines_ = 0;
  bool warned_ = false;
  std::string text_;
};

/// Takes all whole lines off `input`; `searched` bytes of it are known to hold no line end.
void AddWholeLines(std::string& input, std::size_t searched, LineReport& report) {
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = input.find('\n', std::max(begin, searched));
    if (end == std::string::npos) break;
    report.Add(std::string_view(input).substr(begin, end - begin));
    begin = end + 1;
  }
  input.erase(0, begin);
}

}  // namespace

Result<void> FingerprintLines(Fingerprinter& fingerprinter, int in, int out) {
  LineReport report(fingerprinter);
  std::string input;
  for (;;) {
    const std::size_t kept = input.size();
    input.resize(kept + kReadSize);
    ssize_t count = 0;
    do {
      count = ::read(in, input.data() + kept, kReadSize);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return SystemError("cannot read the input");
    input.resize(kept + static_cast<std::size_t>(count));

    if (count > 0) {
      AddWholeLines(input, kept, report);
    } else if (!input.empty()) {
      report.Add(input);  // the last line has no line end
    }
    // At every read, so that what goes in by hand comes out at once.
    SEMEL_TRY_ASSIGN(const bool wanted, WriteAll(out, report.text()));
    report.text().clear();
    if (count == 0 || !wanted) return {};
  }
}

}  // namespace semel::app
