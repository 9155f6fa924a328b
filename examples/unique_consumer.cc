// Prints each message once, however often it was sent; Ctrl-C ends it with a count.
//
// Usage: unique_consumer BROKERS TOPIC GROUP
#include <semel/unique_consumer.h>

#include <iostream>

#include "until_signal.h"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  BlockSignals();
  auto consumer =
      semel::UniqueConsumer::Open({.brokers = argv[1], .topic = argv[2], .group = argv[3]});
  if (!consumer) return End(consumer.error());
  OnSignal([&] { (*consumer)->Stop(); });

  int received = 0;
  for (const semel::Message& message : **consumer) {
    std::cout << "received: " << message.value.value_or("") << " partition: " << message.partition
              << " offset: " << message.offset << std::endl;
    ++received;
  }
  std::cout << received << " messages\n";
  return End((*consumer)->status());
}
