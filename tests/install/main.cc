// Every public header, without exceptions, and something of every part.
#include <semel/batch_consumer.h>
#include <semel/consumer.h>
#include <semel/envelope.h>
#include <semel/fingerprint.h>
#include <semel/producer.h>
#include <semel/push_consumer.h>
#include <semel/seen_set.h>
#include <semel/single_consumer.h>
#include <semel/transactional_consumer.h>
#include <semel/unique_consumer.h>

#include <cstdio>

int main() {
  auto fingerprinter = semel::Fingerprinter::Open({.parts = {"json:/id"}});
  if (!fingerprinter) return 1;
  semel::Record record;
  record.value = R"({"id":7})";
  const semel::Identity identity = fingerprinter->Identify(record);
  if (identity.outcome != semel::Outcome::kOk) return 2;

  const auto seen = semel::OpenMemorySeenSet({});
  if (seen->size() != 0) return 3;

  const auto envelope = semel::Envelope::FromJson(
      R"({"message_id":1,"content":"c","producer_id":"p","timestamp":"t"})");
  if (!envelope || envelope->content != "c") return 5;

  const auto producer =
      semel::Producer::Open({.brokers = "localhost:1", .properties = {{"acks", "2"}}});
  if (producer || producer.error().action != semel::Action::kFix) return 6;
  const auto quiet = [](semel::LogLevel, std::string_view) {};
  if (!semel::Consumer::Open({.brokers = "localhost:1", .group = "g", .log = quiet})) return 7;

  const auto consumer = semel::UniqueConsumer::Open({.brokers = "", .topic = "t", .group = "g"});
  if (consumer || consumer.error().action != semel::Action::kFix) return 4;
  const auto transactional =
      semel::TransactionalConsumer::Open({.brokers = "localhost:1", .topic = "t", .group = ""});
  if (transactional || transactional.error().action != semel::Action::kFix) return 8;
  std::printf("%s\n", semel::ToHex(identity.fingerprint, fingerprinter->bits()).c_str());
  return 0;
}
