#include "base/file_system.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

namespace semel {
namespace {

class KernelFiles final : public FileSystem {
 public:
  int Open(const char* path, int flags, mode_t mode) override {
    return ::open(path, flags, mode);  // NOLINT(*-vararg)
  }
  ssize_t Read(int descriptor, char* to, std::size_t size) override {
    return ::read(descriptor, to, size);
  }
  ssize_t Write(int descriptor, const char* from, std::size_t size) override {
    return ::write(descriptor, from, size);
  }
  int Fsync(int descriptor) override { return ::fsync(descriptor); }
  int Close(int descriptor) override { return ::close(descriptor); }
  int Rename(const char* from, const char* to) override { return std::rename(from, to); }
  int Unlink(const char* path) override { return ::unlink(path); }
  int Access(const char* path, int mode) override { return ::access(path, mode); }
};

}  // namespace

FileSystem& SystemFiles() {
  static KernelFiles files;
  return files;
}

}  // namespace semel
