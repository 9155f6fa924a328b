#include "prove/truth_writer.h"

#include <cerrno>
#include <cstring>

namespace semel::prove {

Result<TruthWriter> TruthWriter::Open(const std::string& path) {
  std::ofstream file(path, std::ios::trunc | std::ios::binary);
  if (!file) return Error{Action::kFix, "cannot write " + path + ": " + std::strerror(errno)};
  return TruthWriter(path, std::move(file));
}

void TruthWriter::Sent(TruthLine line) { pending_.push_back({std::move(line), State::kUnderWay}); }

void TruthWriter::Acknowledged(std::uint64_t sequence, std::int64_t offset,
                               std::optional<std::int64_t> append_ms) {
  Pending& pending = pending_.at(sequence - settled_);
  pending.line.offset = offset;
  if (append_ms) pending.line.timestamp_ms = *append_ms;
  pending.state = State::kAcknowledged;
  WriteSettled();
}

void TruthWriter::Failed(std::uint64_t sequence) {
  pending_.at(sequence - settled_).state = State::kFailed;
  WriteSettled();
}

void TruthWriter::WriteSettled() {
  while (!pending_.empty() && pending_.front().state != State::kUnderWay) {
    const Pending& first = pending_.front();
    if (first.state == State::kAcknowledged) file_ << FormatTruth(first.line) << '\n';
    pending_.pop_front();
    ++settled_;
  }
}

Result<void> TruthWriter::Close() {
  // What is still under way will never be known.
  for (Pending& pending : pending_)
    if (pending.state == State::kUnderWay) pending.state = State::kFailed;
  WriteSettled();
  file_.close();
  if (!file_)
    return Error{Action::kFail, "could not write all of " + path_ + ": is the disk full?"};
  return {};
}

}  // namespace semel::prove
