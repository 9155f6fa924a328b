// Asks for messages and commits after each one.
//
// Usage: pull_consumer BROKERS TOPIC GROUP
#include <semel/consumer.h>

#include <atomic>
#include <iostream>

#include "until_signal.h"

int main(int argc, char** argv) {
  using std::chrono::seconds;
  if (argc != 4) return 2;
  BlockSignals();
  auto consumer = semel::Consumer::Open({.brokers = argv[1], .group = argv[3]});
  if (!consumer) return End(consumer.error());
  if (const auto subscribed = consumer->Subscribe({argv[2]}); !subscribed) return End(subscribed);
  std::atomic<bool> stopped = false;
  OnSignal([&] {
    stopped = true;
    consumer->Wake();
  });

  while (!stopped) {
    const auto message = consumer->Poll(seconds{1});
    if (!message) return End(message.error());
    if (!*message) continue;
    std::cout << "pulled: " << (*message)->value.value_or("")
              << " partition: " << (*message)->partition << " offset: " << (*message)->offset
              << std::endl;
    const auto committed = consumer->Commit(semel::OffsetsAfter(**message), seconds{10});
    if (!committed) return End(committed);
  }
  return End(consumer->Close(seconds{5}));
}
