// Handles messages in batches of ten or more; a batch is committed as a whole.
//
// Usage: batch_consumer BROKERS TOPIC GROUP
#include <semel/batch_consumer.h>

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
    std::cout << "handled a batch of " << batch.size() << std::endl;
    return {};
  }));
}
