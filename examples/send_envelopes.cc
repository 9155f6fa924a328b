// Sends numbered envelopes and tells where each went; what is not delivered is told, never lost.
//
// Usage: send_envelopes BROKERS TOPIC PRODUCER_ID COUNT [MILLISECONDS BETWEEN TWO]
#include <semel/envelope.h>
#include <semel/producer.h>

#include <cstdlib>
#include <iostream>
#include <thread>

#include "until_signal.h"

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) return 2;
  auto producer = semel::Producer::Open(
      {.brokers = argv[1], .on_delivery = [](const semel::Delivery& delivery) {
         if (delivery.error)
           std::cerr << "not delivered: " << delivery.error->message << '\n';
         else
           std::cout << "delivered: message " << delivery.tag
                     << " partition: " << delivery.partition << " offset: " << delivery.offset
                     << std::endl;
       }});
  if (!producer) return End(producer.error());

  const std::chrono::milliseconds between(argc == 6 ? std::atoi(argv[5]) : 0);
  for (int id = 1; id <= std::atoi(argv[4]); ++id) {
    const semel::Envelope envelope{
        .message_id = id,
        .content = "message " + std::to_string(id),
        .producer_id = argv[3],
        .timestamp = semel::IsoTimestamp(std::chrono::system_clock::now())};
    const auto json = envelope.ToJson();
    if (!json) return End(json.error());
    const auto sent =
        producer->Send({.topic = argv[2], .value = *json, .tag = static_cast<std::uint64_t>(id)});
    if (!sent) return End(sent);
    std::this_thread::sleep_for(between);
  }
  return End(producer->Close(std::chrono::minutes{2}));
}
