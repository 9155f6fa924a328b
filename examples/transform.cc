// Reads texts and writes them in capitals, each once and in order, whatever crashes: what was read
// and what was written are committed together. For readers with read_committed.
//
// Usage: transform BROKERS FROM TO GROUP
#include <semel/transactional_consumer.h>

#include <cctype>
#include <string>

#include "until_signal.h"

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  BlockSignals();
  auto consumer = semel::TransactionalConsumer::Open(
      {.brokers = argv[1], .topic = argv[2], .group = argv[4], .outputs = {argv[3]}});
  if (!consumer) return End(consumer.error());
  OnSignal([&] { (*consumer)->Stop(); });

  for (const semel::Message& message : **consumer) {
    std::string text(message.value.value_or(""));
    for (char& letter : text) letter = static_cast<char>(std::toupper(letter));
    const auto sent = (*consumer)->Send({.topic = argv[3], .key = message.key, .value = text});
    // Rolled back: the messages since the last commit come again.
    if (!sent && sent.error().action != semel::Action::kAbort) return End(sent);
  }
  return End((*consumer)->status());
}
