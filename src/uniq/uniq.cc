#include "uniq/uniq.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace semel {
namespace {

/// Lets blocks through one by one, in the order of their numbers.
class Turnstile {
 public:
  template <typename Work>
  void Pass(std::uint64_t number, const Work& work) {
    for (std::uint64_t at = next_; at != number; at = next_) next_.wait(at);
    work();
    next_ = number + 1;
    next_.notify_all();
  }

 private:
  std::atomic<std::uint64_t> next_ = 0;
};

/// All threads do the same: read a block, fingerprint it, judge it, write it. Fingerprints are
/// computed at the same time; the other steps are done by one thread at a time, in the order of the
/// input. So no thread waits while there is something to do, and memory is a block for each.
class UniqRun {
 public:
  UniqRun(const UniqOptions& options, LineInput& input, int out, const OnLines& on_lines)
      : input_(input), out_(out), on_lines_(on_lines), seen_(options.seed) {}

  void Work(Fingerprinter& fingerprinter) {
    LineBlock block;
    while (const auto number = Read(block)) {
      Try([&] { block.Identify(fingerprinter); });
      judging_.Pass(*number, [&] { Try([&] { on_lines_(block.KeepFirst(seen_)); }); });
      writing_.Pass(*number, [&] { Try([&] { Write(block.text()); }); });
    }
  }

  Result<bool> Outcome() const {
    if (error_) return *error_;
    return !stopped_;
  }

 private:
  /// The number of the block; none: the input is at its end.
  std::optional<std::uint64_t> Read(LineBlock& block) {
    const std::lock_guard lock(reading_);
    if (ended_) return std::nullopt;
    ended_ = true;
    Try([&] {
      const auto read = input_.Read(block.buffer());
      if (!read) return NoteError(read.error());
      ended_ = !*read;
    });
    if (ended_) return std::nullopt;
    return blocks_++;
  }

  void Write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(out_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        if (errno != EPIPE)
          NoteError(
              {Action::kFail, std::string("cannot write the output: ") + std::strerror(errno)});
        return Stop();
      }
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  /// Does a step of a block, unless the run was stopped. A block of a stopped run still goes
  /// through the turnstiles: others wait behind it.
  template <typename Step>
  void Try(const Step& step) {
    if (stopped_) return;
    try {
      step();
    } catch (const std::bad_alloc&) {
      NoteError({Action::kFail, "there is not enough memory for the different lines"});
      Stop();
    } catch (const std::exception& error) {
      NoteError({Action::kFail, error.what()});
      Stop();
    }
  }

  void NoteError(Error error) {
    const std::lock_guard lock(error_mutex_);
    if (!error_) error_ = std::move(error);
  }

  void Stop() {
    stopped_ = true;
    input_.Cancel();
  }

  LineInput& input_;
  const int out_;
  const OnLines& on_lines_;
  std::mutex reading_;  // guards input_ and the next two
  bool ended_ = false;
  std::uint64_t blocks_ = 0;
  Turnstile judging_;
  FingerprintSet seen_;  // of the thread in judging_
  Turnstile writing_;
  std::atomic<bool> stopped_ = false;
  std::mutex error_mutex_;
  std::optional<Error> error_;  // the first one
};

}  // namespace

Result<bool> Uniq(const UniqOptions& options, LineInput& input, int out, const OnLines& on_lines) {
  std::vector<Fingerprinter> fingerprinters;
  for (unsigned i = 0; i < options.threads; ++i) {
    SEMEL_TRY_ASSIGN(Fingerprinter fingerprinter, Fingerprinter::Open(options.rule));
    fingerprinters.push_back(std::move(fingerprinter));
  }
  UniqRun run(options, input, out, on_lines);
  {
    std::vector<std::jthread> threads;
    threads.reserve(options.threads);
    for (Fingerprinter& fingerprinter : fingerprinters)
      threads.emplace_back([&run, &fingerprinter] { run.Work(fingerprinter); });
  }
  return run.Outcome();
}

}  // namespace semel
