// Where `semel consume` writes messages.
#pragma once

#include <cstdint>
#include <string>

#include "message_format.h"

namespace semel::app {

/// Threads: one at a time.
class MessageOutput {
 public:
  MessageOutput(int descriptor, MessageFormat format)
      : descriptor_(descriptor), format_(std::move(format)) {}

  void Add(const Message& message);

  /// Writes what was added. False: the reader has closed the pipe and wants no more.
  /// Errors: kFail.
  Result<bool> Flush();

  /// Messages that were written.
  std::uint64_t written() const { return written_; }

 private:
  const int descriptor_;
  const MessageFormat format_;
  std::string text_;
  std::uint64_t added_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace semel::app
