// Writes the truth file while records are under way.
#pragma once

#include <deque>
#include <fstream>
#include <optional>
#include <string>

#include "prove/truth.h"
#include "semel/result.h"

namespace semel::prove {

/// Lines come out by sequence, although acknowledgements come partition by partition.
/// Threads: one caller at a time.
class TruthWriter {
 public:
  /// Replaces the file. Errors: kFix, naming it.
  static Result<TruthWriter> Open(const std::string& path);

  /// Remembers what is about to be sent; sequences count from 0.
  void Sent(TruthLine line);

  /// `append_ms`: the record's time, where the brokers set it and not the sender.
  void Acknowledged(std::uint64_t sequence, std::int64_t offset,
                    std::optional<std::int64_t> append_ms);
  /// Not acknowledged: no line for it.
  void Failed(std::uint64_t sequence);

  /// Errors: kFail when not all could be written.
  Result<void> Close();

 private:
  enum class State : std::uint8_t { kUnderWay, kAcknowledged, kFailed };
  struct Pending {
    TruthLine line;
    State state = State::kUnderWay;
  };
  TruthWriter(std::string path, std::ofstream file)
      : path_(std::move(path)), file_(std::move(file)) {}
  void WriteSettled();

  std::string path_;
  std::ofstream file_;
  std::uint64_t settled_ = 0;  // the sequence of the first one in pending_
  std::deque<Pending> pending_;
};

}  // namespace semel::prove
