// Where log lines and the progress line meet without writing over each other.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace semel {

/// Writes to a descriptor, stderr as a rule. On a terminal the last line can be a status line that
/// stays below everything written. What cannot be written is dropped: there is nowhere to say so.
/// Threads: any, at once.
class Terminal {
 public:
  explicit Terminal(int descriptor);

  /// Is it a terminal, so that a status line makes sense?
  bool interactive() const { return interactive_; }

  /// Writes `line`, which ends in a newline, above the status line.
  void Write(std::string_view line);

  /// Replaces the status line; cut to the width of the terminal. Empty: none. Nothing happens
  /// where there is no terminal.
  void SetStatus(std::string_view status);

 private:
  const int descriptor_;
  const bool interactive_;
  std::mutex mutex_;
  std::string status_;  // as it stands on the terminal
};

}  // namespace semel
