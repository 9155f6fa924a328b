// A consumer of the library that a test drives: a command a line on standard input, an answer a
// line on standard output. For what no program of examples/ needs.
//
// Usage: consumer_driver unique|transactional BROKERS TOPIC GROUP [NAME=VALUE...]
// SEMEL_FAIL_POINTS as for semel.
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>

#include "base/fail_point.h"
#include "semel/transactional_consumer.h"
#include "semel/unique_consumer.h"

namespace semel {
namespace {

using std::chrono::milliseconds;

std::int64_t Number(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

milliseconds Milliseconds(std::string_view text) { return milliseconds{Number(text)}; }

std::string Text(const Message& message) {
  return std::to_string(message.partition) + " " + std::to_string(message.offset) + " " +
         std::string(message.value.value_or(""));
}

std::string Text(const Result<void>& result) {
  return result ? "ok"
                : std::string("error ") + ToString(result.error().action) + " " +
                      result.error().message;
}

std::string Text(const UniqueCounts& counts) {
  std::ostringstream text;
  text << "read=" << counts.read << " unique=" << counts.unique
       << " duplicates=" << counts.duplicates << " missing=" << counts.missing
       << " invalid=" << counts.invalid << " late=" << counts.late;
  return text.str();
}

std::string Counts(const UniqueConsumer& consumer) { return Text(consumer.counts()); }
std::string Counts(const TransactionalConsumer& consumer) {
  return std::string("committed=").append(std::to_string(consumer.committed()));
}

template <typename Consumer>
std::string Polled(Consumer& consumer, milliseconds timeout) {
  const auto message = consumer.Poll(timeout);
  if (!message) return Text(Result<void>(message.error()));
  return *message ? std::string("message ").append(Text(**message)) : "none";
}

/// What a range-for hands out until another thread stops it.
template <typename Consumer>
std::string Loop(Consumer& consumer, std::string_view stop_after) {
  const std::jthread stopper([&] {
    std::this_thread::sleep_for(Milliseconds(stop_after));
    consumer.Stop();
  });
  std::string values = "values";
  for (const Message& message : consumer) (values += ' ') += message.value.value_or("");
  return values;
}

/// The message lives on when its consumer is gone.
template <typename Consumer>
std::string Outlive(std::unique_ptr<Consumer>& consumer) {
  const auto message = consumer->Poll(milliseconds{30'000});
  consumer.reset();
  if (!message || !*message) return "no message";
  return std::string("outlived ").append((*message)->topic).append(" ").append(Text(**message));
}

template <typename Consumer>
std::string SendAt(Consumer& consumer, std::string_view rest) {
  return Text(consumer.Send(
      {.topic = rest.substr(rest.find(' ') + 1), .value = "timed", .timestamp_ms = Number(rest)}));
}

template <typename Consumer>
std::string Answer(Consumer& consumer, const std::string& line) {
  const auto space = std::min(line.find(' '), line.size());
  const std::string command = line.substr(0, space);
  const std::string_view rest = std::string_view(line).substr(std::min(space + 1, line.size()));
  if (command == "poll") return Polled(consumer, Milliseconds(rest));
  if (command == "poll_forever") return Polled(consumer, milliseconds::max());
  if (command == "send_at") return SendAt(consumer, rest);
  if (command == "loop") return Loop(consumer, rest);
  if (command == "commit") return Text(consumer.Commit());
  if (command == "close") return Text(consumer.Close());
  if (command == "status") return Text(consumer.status());
  if (command == "counts") return Counts(consumer);
  if (command == "at_end") return consumer.AtEnd() ? "yes" : "no";
  if (command == "send") {
    const auto middle = rest.find(' ');
    return Text(consumer.Send({.topic = rest.substr(0, middle), .value = rest.substr(middle + 1)}));
  }
  return "no such command";
}

template <typename Consumer, typename Options>
int Serve(const Options& options) {
  auto consumer = Consumer::Open(options);
  std::cout << Text(consumer ? Result<void>() : consumer.error()) << std::endl;
  if (!consumer) return ExitCode(consumer.error());
  for (std::string line; std::getline(std::cin, line);)
    std::cout << (line == "outlive" ? Outlive(*consumer) : Answer(**consumer, line)) << std::endl;
  return 0;
}

Unjudged Policy(std::string_view text) {
  if (text == "drop") return Unjudged::kDrop;
  return text == "fail" ? Unjudged::kFail : Unjudged::kHandOut;
}

void Set(TransactionalConsumerOptions& /*options*/, std::string_view /*name*/,
         std::string_view /*value*/) {}
void Set(UniqueConsumerOptions& options, std::string_view name, std::string_view value) {
  if (name == "key") options.key.parts = {std::string(value)};
  if (name == "window") options.window = Milliseconds(value);
  if (name == "missing") options.on_missing = Policy(value);
  if (name == "invalid") options.on_invalid = Policy(value);
  if (name == "late") options.on_late = Policy(value);
  if (name == "changelog") options.changelog = value;
  if (name == "create_changelog") options.create_changelog = value == "1";
  if (name == "memory_limit") options.memory_limit = static_cast<std::uint64_t>(Number(value));
  if (name == "accept_new_rule") options.accept_new_rule = true;
  if (name == "accept_new_partitions") options.accept_new_partitions = true;
}

template <typename Options>
Options Read(int argc, char** argv) {
  Options options;
  options.brokers = argv[2];
  options.topic = argv[3];
  options.group = argv[4];
  for (int i = 5; i < argc; ++i) {
    const std::string_view text = argv[i];
    const auto equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const std::string_view value = text.substr(equals + 1);
    if (name == "instance") options.instance = value;
    if (name == "output") options.outputs.emplace_back(value);
    if (name == "by_hand") options.auto_commit = false;
    if (name == "from_end") options.from_beginning = false;
    Set(options, name, value);
  }
  return options;
}

int Main(int argc, char** argv) {
  if (argc < 5) return 2;
  const char* points = std::getenv("SEMEL_FAIL_POINTS");
  if (points != nullptr && !fail_point::Arm(points)) return 2;
  if (std::string_view(argv[1]) == "unique")
    return Serve<UniqueConsumer>(Read<UniqueConsumerOptions>(argc, argv));
  return Serve<TransactionalConsumer>(Read<TransactionalConsumerOptions>(argc, argv));
}

}  // namespace
}  // namespace semel

int main(int argc, char** argv) { return semel::Main(argc, argv); }
