#include "uniq/uniq.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>
#include <mutex>
#include <thread>

#include "command.h"
#include "console.h"
#include "fingerprint/key_part.h"
#include "wiring/progress.h"
#include "wiring/random_seed.h"

namespace semel::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Judging and writing take turns, so that more threads would only wait.
constexpr unsigned kThreadsMax = 16;

struct Flags {
  std::vector<std::string> key{"value"};
  std::vector<std::string> files;
};

/// Threads: any, at once.
class Counts {
 public:
  void Add(const LineCounts& more) {
    const std::lock_guard lock(mutex_);
    sum_.lines += more.lines;
    sum_.duplicates += more.duplicates;
    sum_.missing += more.missing;
    sum_.invalid += more.invalid;
  }
  LineCounts sum() const {
    const std::lock_guard lock(mutex_);
    return sum_;
  }

 private:
  mutable std::mutex mutex_;
  LineCounts sum_;
};

std::string ProgressLine(const LineCounts& counts, const LineInput& input, double seconds) {
  const auto lines = static_cast<double>(counts.lines);
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), "%.0f lines, %.0f/s, %.1f%% duplicates", lines,
                lines / std::max(seconds, 0.001),
                100 * static_cast<double>(counts.duplicates) / std::max(lines, 1.0));
  std::string line = text.data();
  if (input.bytes_total() == 0) return line;
  const double share =
      static_cast<double>(input.bytes_read()) / static_cast<double>(input.bytes_total());
  return line + ", " + std::to_string(static_cast<int>(100 * std::min(share, 1.0))) + "% read";
}

// A file that is opened would otherwise take the place of a standard descriptor that is closed, and
// be read or written in its stead. These refuse both.
void FillClosedDescriptors() {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(standard, F_GETFD) < 0)
      static_cast<void>(::open("/dev/null", standard == STDIN_FILENO ? O_WRONLY : O_RDONLY));
}

Result<void> CheckRule(const std::vector<std::string>& parts) {
  for (const std::string& text : parts) {
    SEMEL_TRY_ASSIGN(const KeyPart part, ParseKeyPart(text));
    if (part.kind == KeyPart::Kind::kKey || part.kind == KeyPart::Kind::kHeader)
      return Error{Action::kFix,
                   "--key " + text + ": a line has no key and no headers; use value or json:PATH"};
  }
  return {};
}

Result<bool> Work(const Flags& flags, Counts& counts) {
  SEMEL_TRY(CheckRule(flags.key));
  SEMEL_TRY_ASSIGN(const auto input, LineInput::Open(flags.files));
  UniqOptions options;
  options.rule.parts = flags.key;
  options.seed = RandomSeed();
  // One more than can run, for when one of them waits for the disk or the pipe.
  options.threads = std::min(std::thread::hardware_concurrency() + 1, kThreadsMax);
  Terminal terminal(STDERR_FILENO);
  const auto start = SteadyClock::now();
  const Progress line(terminal, [&] {
    const double seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
    return ProgressLine(counts.sum(), *input, seconds);
  });
  SEMEL_TRY_ASSIGN(const bool wanted, Uniq(options, *input, STDOUT_FILENO,
                                           [&](const LineCounts& more) { counts.Add(more); }));
  // Some file systems tell of a full disk only here.
  if (wanted && ::close(STDOUT_FILENO) != 0)
    return Error{Action::kFail, std::string("cannot write the output: ") + std::strerror(errno)};
  return wanted;
}

void ReportUnjudged(const LineCounts& counts) {
  if (counts.missing + counts.invalid == 0) return;
  std::cerr << "semel uniq: passed on without judging: " << counts.missing
            << " lines without a part of the key, " << counts.invalid
            << " that are not readable JSON\n";
}

// As what writes to a closed pipe ends by default, so that scripts see what they know.
int EndByClosedPipe() {
  static_cast<void>(std::signal(SIGPIPE, SIG_DFL));
  static_cast<void>(std::raise(SIGPIPE));
  return 1;
}

int RunUniq(const Flags& flags) {
  FillClosedDescriptors();
  Counts counts;
  const Result<bool> done = Work(flags, counts);
  if (!done) return Fail("uniq", done.error());
  if (!*done) return EndByClosedPipe();
  ReportUnjudged(counts.sum());
  return 0;
}

}  // namespace

void AddUniq(CLI::App& parent, Run& run) {
  CLI::App* const command = parent.add_subcommand(
      "uniq",
      "Removes duplicates from lines, without sorting and without Kafka: writes the first of "
      "equal\n"
      "lines to stdout, in the order of the input. It needs about 25 bytes of memory for each\n"
      "different line, whatever its length.");
  command->footer(
      "Example: semel uniq --key json:/order_id monday.jsonl tuesday.jsonl > orders.jsonl\n"
      "A line that lacks a part of the key (or has null there) or whose value is not one valid "
      "JSON\n"
      "text cannot be judged: it is passed on unchanged, never lost, and counted on stderr.\n"
      "Each line ends in LF, the last one too; a CR belongs to its line. Equal lines are told by\n"
      "128 bits of SHA-256 (docs/formats/fingerprint_v1.md), as semel dedup tells equal events.\n"
      "Exit codes: 0 done, 1 the output cannot be written, 2 usage, or a file that cannot be "
      "read.");
  const auto flags = std::make_shared<Flags>();
  command->add_option("FILE", flags->files,
                      "Files, read one after the other; - or none: standard input");
  command
      ->add_option("--key", flags->key,
                   "A part of what identifies a line, in order; repeat for more. One of:\n"
                   "  value      the whole line\n"
                   "  json:PATH  one value inside the line: json:user.id or json:/user/id\n"
                   "             (RFC 6901); json: alone is the whole document, however written")
      ->type_name("PART")
      ->default_str("value")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  command->callback([flags, &run] { run = [flags] { return RunUniq(*flags); }; });
}

}  // namespace semel::app
