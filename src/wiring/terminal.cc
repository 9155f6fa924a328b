#include "wiring/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace semel {
namespace {

constexpr std::string_view kEraseLine = "\r\x1b[K";
constexpr std::size_t kUsualWidth = 80;

void WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::size_t Width(int descriptor) {
  winsize size{};
  const bool known = ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : kUsualWidth;
}

/// The first `columns` characters of UTF-8 text, counting one column for each.
std::string_view Cut(std::string_view text, std::size_t columns) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins_character = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (begins_character && used++ == columns) return text.substr(0, i);
  }
  return text;
}

}  // namespace

Terminal::Terminal(int descriptor)
    : descriptor_(descriptor), interactive_(::isatty(descriptor) == 1) {}

void Terminal::Write(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (status_.empty()) return WriteAll(descriptor_, line);
  WriteAll(descriptor_, std::string(kEraseLine).append(line).append(status_));
}

void Terminal::SetStatus(std::string_view status) {
  if (!interactive_) return;
  const std::lock_guard lock(mutex_);
  if (status_.empty() && status.empty()) return;
  // One column stays free: a character in the last one makes some terminals go to the next line.
  status_ = Cut(status, Width(descriptor_) - 1);
  WriteAll(descriptor_, std::string(kEraseLine).append(status_));
}

}  // namespace semel
