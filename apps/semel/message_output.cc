#include "message_output.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace semel::app {

void MessageOutput::Add(const Message& message) {
  format_(message, text_);
  ++added_;
}

Result<bool> MessageOutput::Flush() {
  std::string_view rest = text_;
  while (!rest.empty()) {
    const ssize_t count = ::write(descriptor_, rest.data(), rest.size());
    if (count >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EPIPE) {
      return false;
    } else if (errno != EINTR) {
      return Error{Action::kFail, std::string("cannot write the output: ") + std::strerror(errno)};
    }
  }
  text_.clear();
  written_ = added_;
  return true;
}

}  // namespace semel::app
