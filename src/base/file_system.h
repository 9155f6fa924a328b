// The system calls that files are read and replaced with, so that a simulation can be the disk.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace semel {

/// Each call is the one of POSIX with that name, errno included. Threads: any.
class FileSystem {
 public:
  FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;
  virtual ~FileSystem() = default;
  virtual int Open(const char* path, int flags, mode_t mode) = 0;
  virtual ssize_t Read(int descriptor, char* to, std::size_t size) = 0;
  virtual ssize_t Write(int descriptor, const char* from, std::size_t size) = 0;
  virtual int Fsync(int descriptor) = 0;
  virtual int Close(int descriptor) = 0;
  virtual int Rename(const char* from, const char* to) = 0;
  virtual int Unlink(const char* path) = 0;
  virtual int Access(const char* path, int mode) = 0;
};

/// The kernel's.
FileSystem& SystemFiles();

}  // namespace semel
