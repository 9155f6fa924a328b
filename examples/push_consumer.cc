// Is given messages on a thread of the library; what was handled is committed every second.
//
// Usage: push_consumer BROKERS TOPIC GROUP
#include <semel/push_consumer.h>

#include <iostream>

#include "until_signal.h"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  BlockSignals();
  auto consumer =
      semel::PushConsumer::Open({.brokers = argv[1], .group = argv[3]}, {.topics = {argv[2]}});
  if (!consumer) return End(consumer.error());
  OnSignal([&] { (*consumer)->Stop(); });

  const auto started = (*consumer)->Start([](const semel::Message& message) -> semel::Result<void> {
    std::cout << "pushed: " << message.value.value_or("") << " partition: " << message.partition
              << " offset: " << message.offset << std::endl;
    return {};
  });
  if (!started) return End(started);
  return End((*consumer)->Wait());
}
