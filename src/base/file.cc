#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace semel {
namespace {

Error SystemError(Action action, const std::string& path, const char* what) {
  return {action, path + ": " + what + ": " + std::strerror(errno)};
}

Result<void> SyncFolderOf(const std::string& path, FileSystem& files) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int descriptor = files.Open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  const bool synced = descriptor >= 0 && files.Fsync(descriptor) == 0;
  const Error error = SystemError(Action::kFail, folder, "cannot fsync");
  if (descriptor >= 0) files.Close(descriptor);
  return synced ? Result<void>() : Result<void>(error);
}

}  // namespace

bool ReadableByAll(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

bool FileExists(const std::string& path, FileSystem& files) {
  return files.Access(path.c_str(), F_OK) == 0;
}

Result<std::string> ReadFile(const std::string& path) {
  SEMEL_TRY_ASSIGN(FileReader file, FileReader::Open(path));
  std::string content;
  std::array<char, 65536> buffer{};
  for (;;) {
    SEMEL_TRY_ASSIGN(const std::size_t got, file.Read(buffer));
    content.append(buffer.data(), got);
    if (got < buffer.size()) return content;
  }
}

Result<void> ReplaceFile(const std::string& path, std::string_view content) {
  SEMEL_TRY_ASSIGN(FileReplacement file, FileReplacement::Begin(path, path + ".tmp"));
  SEMEL_TRY(file.Write(content));
  return file.Publish();
}

Result<FileReplacement> FileReplacement::Begin(std::string path, std::string temporary,
                                               FileSystem& files) {
  const int descriptor =
      files.Open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return SystemError(Action::kFail, temporary, "cannot create");
  return FileReplacement(std::move(path), std::move(temporary), descriptor, files);
}

FileReplacement::FileReplacement(FileReplacement&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      files_(other.files_) {}

FileReplacement& FileReplacement::operator=(FileReplacement&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(temporary_, other.temporary_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(files_, other.files_);
  return *this;
}

FileReplacement::~FileReplacement() {
  if (descriptor_ < 0) return;
  files_->Close(descriptor_);
  files_->Unlink(temporary_.c_str());
}

Result<void> FileReplacement::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = files_->Write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError(Action::kFail, temporary_, "cannot write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> FileReplacement::Publish(const std::string& previous) {
  if (files_->Fsync(descriptor_) != 0)
    return SystemError(Action::kFail, temporary_, "cannot fsync");
  if (!previous.empty() && files_->Rename(path_.c_str(), previous.c_str()) != 0 && errno != ENOENT)
    return SystemError(Action::kFail, previous, "cannot rename to");
  if (files_->Rename(temporary_.c_str(), path_.c_str()) != 0)
    return SystemError(Action::kFail, path_, "cannot rename to");
  files_->Close(std::exchange(descriptor_, -1));
  return SyncFolderOf(path_, *files_);
}

Result<FileReader> FileReader::Open(std::string path, FileSystem& files) {
  const int descriptor = files.Open(path.c_str(), O_RDONLY | O_CLOEXEC, 0);
  if (descriptor < 0) return SystemError(Action::kFix, path, "cannot open");
  return FileReader(std::move(path), descriptor, files);
}

FileReader::FileReader(FileReader&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      files_(other.files_) {}

FileReader& FileReader::operator=(FileReader&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(files_, other.files_);
  return *this;
}

FileReader::~FileReader() {
  if (descriptor_ >= 0) files_->Close(descriptor_);
}

Result<std::size_t> FileReader::Read(std::span<char> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t got = files_->Read(descriptor_, buffer.data() + filled, buffer.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError(Action::kFix, path_, "cannot read");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

Result<FileLock> FileLock::Take(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return SystemError(Action::kFix, path, "cannot open");
  FileLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    return Error{
        Action::kFix,
        path + " is held by another process; give each process a state directory of its own"};
  }
  return lock;
}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace semel
