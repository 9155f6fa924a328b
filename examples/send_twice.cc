// Sends a hundred events, every third of them twice. Its key is an event's fingerprint, so that
// copies meet in one partition; `keyless` shows what happens without one.
//
// Usage: send_twice BROKERS TOPIC [keyless]
#include <semel/fingerprint.h>
#include <semel/producer.h>

#include <iostream>
#include <string>

#include "until_signal.h"

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) return 2;
  auto fingerprinter = semel::Fingerprinter::Open({.parts = {"json:/a", "json:/b"}});
  if (!fingerprinter) return End(fingerprinter.error());
  semel::ProducerOptions options{.brokers = argv[1]};
  // Without a key librdkafka keeps to one partition for a while; that would hide what is shown
  // here.
  if (argc == 4) options.properties["sticky.partitioning.linger.ms"] = "0";
  auto producer = semel::Producer::Open(options);
  if (!producer) return End(producer.error());

  int sent = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string event =
        "{\"a\": " + std::to_string(10 + i % 11) + ", \"b\": " + std::to_string(-i) + "}";
    semel::Record record;
    record.value = event;
    const std::string key =
        semel::ToHex(fingerprinter->Identify(record).fingerprint, fingerprinter->bits());
    semel::OutgoingMessage message{.topic = argv[2], .value = event};
    if (argc == 3) message.key = key;
    for (int copies = i % 3 == 0 ? 2 : 1; copies > 0; --copies, ++sent)
      if (const auto queued = producer->Send(message); !queued) return End(queued);
    std::cout << "sent: " << event << (i % 3 == 0 ? " twice" : "") << '\n';
  }
  const auto closed = producer->Close(std::chrono::minutes{2});
  if (closed) std::cout << sent << " messages" << std::endl;
  return End(closed);
}
