// Handles envelopes one at a time; each is committed when it was handled.
//
// Usage: single_consumer BROKERS TOPIC GROUP
#include <semel/envelope.h>
#include <semel/single_consumer.h>

#include <iostream>

#include "until_signal.h"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  BlockSignals();
  auto consumer =
      semel::SingleConsumer::Open({.brokers = argv[1], .group = argv[3]}, {.topics = {argv[2]}});
  if (!consumer) return End(consumer.error());
  OnSignal([&] { (*consumer)->Stop(); });

  return End((*consumer)->Run([](const semel::Message& message) -> semel::Result<void> {
    const auto envelope = semel::Envelope::FromJson(message.value.value_or(""));
    if (!envelope) return envelope.error();
    std::cout << "handled: " << envelope->message_id << " of " << envelope->producer_id << ": "
              << envelope->content << " partition: " << message.partition << std::endl;
    return {};
  }));
}
