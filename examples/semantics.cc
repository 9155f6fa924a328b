// What a crash does, by when the position is committed: this program ends without a word in the
// middle of message CRASH_AT; start it again to see what it finds.
//
// Usage: semantics at-most-once|at-least-once BROKERS TOPIC GROUP [CRASH_AT]
#include <semel/consumer.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "until_signal.h"

int main(int argc, char** argv) {
  using std::chrono::seconds;
  if (argc != 5 && argc != 6) return 2;
  const bool commit_first = std::string(argv[1]) == "at-most-once";
  const std::string crash_at = argc == 6 ? argv[5] : "";
  auto consumer = semel::Consumer::Open({.brokers = argv[2], .group = argv[4]});
  if (!consumer) return End(consumer.error());
  if (const auto subscribed = consumer->Subscribe({argv[3]}); !subscribed) return End(subscribed);

  while (!consumer->AtEnd()) {
    const auto message = consumer->Poll(seconds{1});
    if (!message) return End(message.error());
    if (!*message) continue;
    const auto done = semel::OffsetsAfter(**message);
    if (commit_first) {
      if (const auto committed = consumer->Commit(done, seconds{10}); !committed)
        return End(committed);
    }
    const std::string value((*message)->value.value_or(""));
    std::cout << "begins: " << value << std::endl;
    if (value == crash_at) std::_Exit(9);
    std::cout << "handled: " << value << std::endl;
    if (!commit_first) {
      if (const auto committed = consumer->Commit(done, seconds{10}); !committed)
        return End(committed);
    }
  }
  return End(consumer->Close(seconds{5}));
}
