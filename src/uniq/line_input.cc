#include "uniq/line_input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace semel {
namespace {

// Fits the L2 cache, through which a block goes three times.
constexpr std::size_t kReadSize = std::size_t{256} << 10U;
// What a long line took is given back above this.
constexpr std::size_t kMemoryKept = 4 * kReadSize;

constexpr std::string_view kStandardInput = "-";

Error CannotRead(const std::string& file, int error) {
  const std::string name = file == kStandardInput ? "standard input" : file;
  return {Action::kFix, name + ": cannot read: " + std::strerror(error)};
}

/// How much there is to read; 0 where it is not known.
Result<std::uint64_t> LookAt(const std::string& file) {
  struct stat status {};
  const bool standard = file == kStandardInput;
  if ((standard ? ::fstat(STDIN_FILENO, &status) : ::stat(file.c_str(), &status)) != 0)
    return CannotRead(file, errno);
  if (!standard && ::access(file.c_str(), R_OK) != 0) return CannotRead(file, errno);
  if (S_ISDIR(status.st_mode)) return CannotRead(file, EISDIR);
  return S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
}

}  // namespace

void LineBuffer::Assign(std::string_view text) {
  if (memory_.size() > kMemoryKept) memory_ = {};
  size_ = 0;
  std::copy(text.begin(), text.end(), Room(text.size()));
  size_ = text.size();
}

char* LineBuffer::Room(std::size_t size) {
  if (memory_.size() - size_ < size) memory_.resize(std::max(2 * memory_.size(), size_ + size));
  return memory_.data() + size_;
}

Result<std::unique_ptr<LineInput>> LineInput::Open(std::vector<std::string> files) {
  if (files.empty()) files.emplace_back(kStandardInput);
  std::uint64_t total = 0;
  bool known = true;
  for (const std::string& file : files) {
    SEMEL_TRY_ASSIGN(const std::uint64_t size, LookAt(file));
    known = known && size > 0;
    total += size;
  }
  const int cancelled = ::eventfd(0, EFD_CLOEXEC);
  if (cancelled < 0)
    return Error{Action::kFail, std::string("cannot create an eventfd: ") + std::strerror(errno)};
  return std::unique_ptr<LineInput>(new LineInput(std::move(files), known ? total : 0, cancelled));
}

LineInput::LineInput(std::vector<std::string> files, std::uint64_t bytes_total, int cancelled)
    : files_(std::move(files)), bytes_total_(bytes_total), cancelled_(cancelled) {}

LineInput::~LineInput() {
  CloseCurrent();
  ::close(cancelled_);
}

Result<bool> LineInput::OpenNext() {
  if (next_ == files_.size()) return false;
  const std::string& file = files_[next_++];
  current_ = file == kStandardInput ? STDIN_FILENO : ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (current_ < 0) return CannotRead(file, errno);
  static_cast<void>(::posix_fadvise(current_, 0, 0, POSIX_FADV_SEQUENTIAL));
  return true;
}

void LineInput::CloseCurrent() {
  if (current_ > STDIN_FILENO) ::close(current_);
  current_ = -1;
}

Result<bool> LineInput::Read(LineBuffer& buffer) {
  buffer.Assign(rest_);
  rest_.clear();
  for (;;) {
    if (current_ < 0) {
      SEMEL_TRY_ASSIGN(const bool opened, OpenNext());
      if (!opened) return false;
    }
    SEMEL_TRY_ASSIGN(const std::size_t got, ReadSome(buffer));
    if (got == 0) {
      CloseCurrent();
      if (buffer.size_ == 0) continue;
      *buffer.Room(1) = '\n';  // the last line of the file has none
      ++buffer.size_;
      return true;
    }
    const std::string_view added(buffer.data() + buffer.size_, got);
    buffer.size_ += got;
    const std::size_t last = added.rfind('\n');
    if (last == std::string_view::npos) continue;
    rest_ = added.substr(last + 1);
    buffer.size_ -= rest_.size();
    return true;
  }
}

Result<std::size_t> LineInput::ReadSome(LineBuffer& buffer) {
  char* const room = buffer.Room(kReadSize);
  for (;;) {
    std::array<pollfd, 2> wait{pollfd{.fd = current_, .events = POLLIN, .revents = 0},
                               pollfd{.fd = cancelled_, .events = POLLIN, .revents = 0}};
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR)
      return CannotRead(files_[next_ - 1], errno);
    if (wait[1].revents != 0) {
      next_ = files_.size();
      buffer.size_ = 0;
      return std::size_t{0};
    }
    const ssize_t got = ::read(current_, room, kReadSize);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return CannotRead(files_[next_ - 1], errno);
    bytes_read_ += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }
}

void LineInput::Cancel() { static_cast<void>(::eventfd_write(cancelled_, 1)); }

}  // namespace semel
