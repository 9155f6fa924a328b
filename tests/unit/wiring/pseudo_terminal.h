// Something that takes itself for a terminal, and a pipe that does not. Both tell what was written.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

namespace semel {

/// Two connected descriptors.
class Channel {
 public:
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() {
    ::close(reader_);
    ::close(writer_);
  }

  int writer() const { return writer_; }

  /// What was written since the last call.
  std::string Written() const {
    std::string text;
    std::array<char, 4096> buffer{};
    pollfd readable{.fd = reader_, .events = POLLIN, .revents = 0};
    while (::poll(&readable, 1, 50) == 1) {
      const ssize_t got = ::read(reader_, buffer.data(), buffer.size());
      if (got <= 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return text;
  }

 protected:
  int reader_ = -1;
  int writer_ = -1;
};

class Pipe : public Channel {
 public:
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    reader_ = ends[0];
    writer_ = ends[1];
  }
};

class PseudoTerminal : public Channel {
 public:
  explicit PseudoTerminal(unsigned short columns) {
    reader_ = ::posix_openpt(O_RDWR | O_NOCTTY);
    EXPECT_EQ(::grantpt(reader_), 0);
    EXPECT_EQ(::unlockpt(reader_), 0);
    writer_ = ::open(::ptsname(reader_), O_RDWR | O_NOCTTY);
    const winsize size{.ws_row = 25, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    EXPECT_EQ(::ioctl(writer_, TIOCSWINSZ, &size), 0);
  }
};

}  // namespace semel
