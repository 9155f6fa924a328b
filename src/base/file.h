// Small files: read whole, replace atomically, lock against a second process.
#pragma once

#include <string>
#include <string_view>

#include "semel/result.h"

namespace semel {

/// Errors: kFix, naming the file and what the system said.
Result<std::string> ReadFile(const std::string& path);

/// Writes `path` through a temporary file, fsync and rename, mode 0600.
/// Errors: kFail, naming the file.
Result<void> ReplaceFile(const std::string& path, std::string_view content);

/// An exclusive flock on a file, held as long as the object lives.
class FileLock {
 public:
  /// Creates the file if needed. Errors: kFix when another process holds it.
  static Result<FileLock> Take(const std::string& path);
  FileLock(FileLock&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
  FileLock& operator=(FileLock&& other) noexcept;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace semel
