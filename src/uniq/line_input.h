// Files and standard input as one sequence of lines, handed out in blocks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "semel/result.h"

namespace semel {

/// Bytes at the front of memory that stays when they go.
class LineBuffer {
 public:
  std::string_view text() const { return {memory_.data(), size_}; }
  char* data() { return memory_.data(); }
  /// `size`: not more than there is.
  void Cut(std::size_t size) { size_ = size; }

 private:
  friend class LineInput;

  void Assign(std::string_view text);
  /// Makes room for `size` bytes behind the text, and returns where they go.
  char* Room(std::size_t size);

  std::vector<char> memory_;
  std::size_t size_ = 0;
};

/// Threads: one caller of Read at a time; Cancel and bytes_read: any.
class LineInput {
 public:
  /// Looks at all files before anything is read, so that a wrong name does no work. `-` is standard
  /// input, and so is no file at all.
  /// Errors: kFix, naming the file.
  static Result<std::unique_ptr<LineInput>> Open(std::vector<std::string> files);

  LineInput(const LineInput&) = delete;
  LineInput& operator=(const LineInput&) = delete;
  ~LineInput();

  /// Fills `buffer` with whole lines, each ending in LF, the last one of a file too: what one read
  /// brings, so that lines from a pipe come at once. False: there are no more.
  /// Errors: kFix, naming the file. Throws std::bad_alloc for a line longer than memory.
  Result<bool> Read(LineBuffer& buffer);

  /// Ends the input for a Read that waits and for all that follow.
  void Cancel();

  std::uint64_t bytes_read() const { return bytes_read_; }
  /// Of all files; 0 where it is not known, as of a pipe.
  std::uint64_t bytes_total() const { return bytes_total_; }

 private:
  LineInput(std::vector<std::string> files, std::uint64_t bytes_total, int cancelled);

  Result<bool> OpenNext();
  void CloseCurrent();
  Result<std::size_t> ReadSome(LineBuffer& buffer);

  const std::vector<std::string> files_;
  const std::uint64_t bytes_total_;
  const int cancelled_;   // eventfd, readable after Cancel
  std::size_t next_ = 0;  // of files_
  int current_ = -1;
  std::string rest_;  // of the last read: the beginning of a line
  std::atomic<std::uint64_t> bytes_read_ = 0;
};

}  // namespace semel
