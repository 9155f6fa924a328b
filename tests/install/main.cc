// Every public header, without exceptions, and something of every part.
#include <semel/fingerprint.h>
#include <semel/seen_set.h>
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

  const auto consumer = semel::UniqueConsumer::Open({.brokers = "", .topic = "t", .group = "g"});
  if (consumer || consumer.error().action != semel::Action::kFix) return 4;
  std::printf("%s\n", semel::ToHex(identity.fingerprint, fingerprinter->bits()).c_str());
  return 0;
}
