// Files: read, replace atomically, lock against a second process.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/file_system.h"
#include "semel/result.h"

namespace semel {

/// Errors: kFix, naming the file and what the system said.
Result<std::string> ReadFile(const std::string& path);

/// Other users of the machine may read it; false where there is no such file.
bool ReadableByAll(const std::string& path);

/// False where that is not known.
bool FileExists(const std::string& path, FileSystem& files = SystemFiles());

/// Writes `path` through a temporary file, fsync and rename, mode 0600.
/// Errors: kFail, naming the file.
Result<void> ReplaceFile(const std::string& path, std::string_view content);

/// A file that takes the place of another one when it is complete. Until then, and when the object
/// goes before, nobody sees it. Mode 0600.
class FileReplacement {
 public:
  /// `temporary`: where it is written meanwhile, in the directory of `path`.
  /// Errors: kFail, naming the file.
  static Result<FileReplacement> Begin(std::string path, std::string temporary,
                                       FileSystem& files = SystemFiles());
  FileReplacement(FileReplacement&& other) noexcept;
  FileReplacement& operator=(FileReplacement&& other) noexcept;
  FileReplacement(const FileReplacement&) = delete;
  FileReplacement& operator=(const FileReplacement&) = delete;
  ~FileReplacement();

  Result<void> Write(std::string_view bytes);

  /// fsync, rename, fsync of the directory. What was there is lost, unless `previous` names where
  /// to put it. After an error the file is gone: what a failed fsync left in it is not known.
  Result<void> Publish(const std::string& previous = {});

 private:
  FileReplacement(std::string path, std::string temporary, int descriptor, FileSystem& files)
      : path_(std::move(path)),
        temporary_(std::move(temporary)),
        descriptor_(descriptor),
        files_(&files) {}
  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
  FileSystem* files_;
};

/// Reads a file from front to back.
class FileReader {
 public:
  /// Errors: kFix, naming the file.
  static Result<FileReader> Open(std::string path, FileSystem& files = SystemFiles());
  FileReader(FileReader&& other) noexcept;
  FileReader& operator=(FileReader&& other) noexcept;
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;
  ~FileReader();

  /// Fills `buffer` as far as the file goes; returns how far.
  Result<std::size_t> Read(std::span<char> buffer);

 private:
  FileReader(std::string path, int descriptor, FileSystem& files)
      : path_(std::move(path)), descriptor_(descriptor), files_(&files) {}
  std::string path_;
  int descriptor_ = -1;
  FileSystem* files_;
};

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
