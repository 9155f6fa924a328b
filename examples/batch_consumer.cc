// Handles envelopes in batches of ten or more; a batch is committed as a whole.
//
// Usage: batch_consumer BROKERS TOPIC GROUP
#include <semel/batch_consumer.h>
#include <semel/envelope.h>

#include <iostream>

#include "until_signal.h"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  BlockSignals();
  auto consumer =
      semel::BatchConsumer::Open({.brokers = argv[1], .group = argv[3]}, {.topics = {argv[2]}});
  if (!consumer) return End(consumer.error());
  OnSignal([&] { (*consumer)->Stop(); });

  return End((*consumer)->Run([](std::span<const semel::Message> batch) -> semel::Result<void> {
    std::cout << "a batch of " << batch.size() << '\n';
    for (const semel::Message& message : batch) {
      const auto envelope = semel::Envelope::FromJson(message.value.value_or(""));
      if (!envelope) return envelope.error();
      std::cout << "handled: " << envelope->message_id << " of " << envelope->producer_id << ": "
                << envelope->content << " partition: " << message.partition << '\n';
    }
    std::cout << std::flush;
    return {};
  }));
}
