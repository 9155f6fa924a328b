// Reads numbers, each once, and writes their squares: results, positions and what was seen are
// committed together. A reader with read_committed finds each square once, whatever crashes.
//
// Usage: exactly_once BROKERS FROM TO GROUP
#include <semel/unique_consumer.h>

#include <cstdlib>
#include <string>

#include "until_signal.h"

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  BlockSignals();
  auto consumer = semel::UniqueConsumer::Open(
      {.brokers = argv[1], .topic = argv[2], .group = argv[4], .outputs = {argv[3]}});
  if (!consumer) return End(consumer.error());
  OnSignal([&] { (*consumer)->Stop(); });

  for (const semel::Message& message : **consumer) {
    const long long number = std::atoll(std::string(message.value.value_or("0")).c_str());
    const std::string square = std::to_string(number * number);
    const auto sent = (*consumer)->Send({.topic = argv[3], .key = message.key, .value = square});
    // Rolled back: the messages since the last commit come again.
    if (!sent && sent.error().action != semel::Action::kAbort) return End(sent);
  }
  return End((*consumer)->status());
}
