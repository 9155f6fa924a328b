#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "command.h"
#include "console.h"
#include "kafka/admin.h"
#include "kafka/deadline.h"
#include "kafka_flags.h"
#include "message_lines.h"
#include "semel/producer.h"
#include "uniq/line_input.h"
#include "wiring/progress.h"
#include "wiring/spdlog_logger.h"
#include "wiring/stop_signals.h"

namespace semel::app {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kAdminTimeout{30'000};
constexpr milliseconds kLook{100};
constexpr milliseconds kStopTimeout{10'000};   // for what is under way at Ctrl-C
constexpr milliseconds kAfterTimeout{10'000};  // until librdkafka reports what it gave up
constexpr int kDeliveryTimeoutMs = 120'000;    // the default of ProducerOptions
constexpr std::uint64_t kNamed = 10;           // failures; the others are only counted
constexpr unsigned kLineBits = 40;             // of a tag: the file's number is above

struct Flags {
  KafkaFlags kafka;
  MessageLineOptions lines;
  std::vector<std::string> files;
  std::vector<std::string> headers;
  std::string format = "lines";
  std::string summary;
};

/// A file, or standard input.
struct Input {
  std::string name;
  std::unique_ptr<LineInput> lines;
};

Result<std::vector<Input>> OpenInputs(std::vector<std::string> files) {
  if (files.empty()) files.emplace_back("-");
  std::vector<Input> inputs;
  for (const std::string& file : files) {
    SEMEL_TRY_ASSIGN(auto lines, LineInput::Open({file}));
    inputs.push_back({file == "-" ? "standard input" : file, std::move(lines)});
  }
  return inputs;
}

/// Sends the lines, and keeps count of what became of them.
/// Threads: Read is one; deliveries come on any, one at a time; the counts: any.
class Sender {
 public:
  Sender(const MessageLineOptions& options, std::vector<Input> inputs)
      : lines_(options), inputs_(std::move(inputs)) {}

  Result<void> Open(const kafka::ClientSettings& settings, Logger& logger);

  /// Until the end, Stop, or a line that is no message; then waits for what is under way.
  Result<void> Run(const std::stop_token& stop);

  std::string Progress(double seconds) const;
  std::uint64_t sent() const { return sent_; }
  std::uint64_t failed() const { return failed_; }
  const std::optional<Error>& first_failure() const { return first_failure_; }

 private:
  Result<void> SendAll();
  Result<void> SendBlock(std::string_view text, std::uint64_t& tag);
  void Send(const OutgoingMessage& message);
  void Finish(const std::stop_token& stop);
  void Stop();
  std::string PlaceOf(std::uint64_t tag) const;
  void Failed(std::uint64_t tag, const Error& error);

  MessageLines lines_;
  const std::vector<Input> inputs_;
  std::optional<Producer> producer_;
  milliseconds delivery_timeout_{kDeliveryTimeoutMs};
  std::atomic<bool> stopped_ = false;
  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::mutex failing_;  // a line may fail at Send while another one's delivery does
  std::optional<Error> first_failure_;
};

Result<void> Sender::Open(const kafka::ClientSettings& settings, Logger& logger) {
  ProducerOptions options;
  options.brokers = settings.brokers;
  options.properties = {settings.properties.begin(), settings.properties.end()};
  options.when_full = WhenFull::kRefuse;  // so that Ctrl-C does not wait for room
  options.on_delivery = [this](const Delivery& delivery) {
    if (delivery.error)
      Failed(delivery.tag, *delivery.error);
    else
      ++sent_;
  };
  options.log = [&logger](LogLevel level, std::string_view line) { logger.Write(level, line, {}); };
  delivery_timeout_ = milliseconds{NumberOr(settings, "message.timeout.ms", kDeliveryTimeoutMs)};
  auto opened = Producer::Open(std::move(options));
  if (!opened) return opened.error();
  producer_.emplace(*std::move(opened));
  return {};
}

Result<void> Sender::Run(const std::stop_token& stop) {
  const std::stop_callback on_stop(stop, [this] { Stop(); });
  // While a pipe gives nothing, failures are told all the same.
  std::jthread deliveries([this](const std::stop_token& end) {
    while (!end.stop_requested()) producer_->Poll(kLook);
  });
  auto done = SendAll();
  Finish(stop);
  return done;
}

Result<void> Sender::SendAll() {
  LineBuffer block;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    std::uint64_t tag = static_cast<std::uint64_t>(i) << kLineBits;
    while (!stopped_) {
      SEMEL_TRY_ASSIGN(const bool more, inputs_[i].lines->Read(block));
      if (!more) break;
      SEMEL_TRY(SendBlock(block.text(), tag));
    }
  }
  return {};
}

Result<void> Sender::SendBlock(std::string_view text, std::uint64_t& tag) {
  while (!text.empty() && !stopped_) {
    const std::size_t end = text.find('\n');
    ++tag;
    auto message = lines_.Read(text.substr(0, end));
    if (!message)
      return Error{message.error().action, PlaceOf(tag) + ": " + message.error().message};
    message->tag = tag;
    Send(*message);
    text.remove_prefix(end + 1);
  }
  return {};
}

void Sender::Send(const OutgoingMessage& message) {
  while (!stopped_) {
    const auto sent = producer_->Send(message);
    if (sent) return;
    if (sent.error().action != Action::kRetry) return Failed(message.tag, sent.error());
    producer_->Poll(kLook);  // full
  }
}

void Sender::Finish(const std::stop_token& stop) {
  const kafka::Deadline deadline(delivery_timeout_ + kAfterTimeout);
  // Errors have been told, message by message.
  while (producer_->undelivered() > 0 && !stop.stop_requested() && !deadline.passed())
    static_cast<void>(producer_->Flush(10 * kLook));
  static_cast<void>(producer_->Close(stop.stop_requested() ? kStopTimeout : milliseconds{0}));
}

void Sender::Stop() {
  stopped_ = true;
  for (const Input& input : inputs_) input.lines->Cancel();
}

std::string Sender::PlaceOf(std::uint64_t tag) const {
  const std::uint64_t line = tag & ((std::uint64_t{1} << kLineBits) - 1);
  return inputs_[tag >> kLineBits].name + ":" + std::to_string(line);
}

// One message that the brokers will never take does not keep the others back. With other errors
// they would fail as well.
void Sender::Failed(std::uint64_t tag, const Error& error) {
  const std::lock_guard lock(failing_);
  if (!first_failure_) first_failure_ = error;
  if (++failed_ <= kNamed)
    std::cerr << "semel produce: " << PlaceOf(tag) << ": " << error.message << '\n';
  if (error.action != Action::kRejectRecord) Stop();
}

std::string Sender::Progress(double seconds) const {
  const auto sent = static_cast<double>(sent_);
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%.0f sent, %.0f/s", sent,
                sent / std::max(seconds, 0.001));
  std::string line = text.data();
  if (failed_ > 0) line += ", " + std::to_string(failed_) + " failed";
  return line;
}

Result<void> CheckTopic(const kafka::ClientSettings& settings, const std::string& topic,
                        Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(settings, logger));
  SEMEL_TRY_ASSIGN(const auto found, admin->Describe(topic, kAdminTimeout));
  if (found.exists) return {};
  return Error{Action::kFix,
               "there is no topic " + topic + "; make one: semel topic create " + topic};
}

std::string HostAndProcess() {
  std::array<char, 256> host{};
  static_cast<void>(::gethostname(host.data(), host.size() - 1));
  return std::string(host.data()) + "-" + std::to_string(::getpid());
}

Result<MessageLineOptions> LineOptions(const Flags& flags) {
  MessageLineOptions options = flags.lines;
  options.json = flags.format == "json";
  if (options.json && (options.envelope || !options.key_delimiter.empty()))
    return Error{Action::kFix,
                 "--format json: a record says its key and value itself; --key-delimiter and "
                 "--envelope are for lines"};
  if (options.producer_id.empty()) options.producer_id = HostAndProcess();
  for (const std::string& header : flags.headers) {
    const std::size_t equals = header.find('=');
    if (equals == std::string::npos)
      return Error{Action::kFix, "--header " + header + ": it is written NAME=VALUE"};
    options.headers.emplace_back(header.substr(0, equals), header.substr(equals + 1));
  }
  return options;
}

void PrintSummary(const Flags& flags, const Sender& sender, double seconds) {
  if (flags.summary == "json") {
    const nlohmann::ordered_json json = {
        {"sent", sender.sent()}, {"failed", sender.failed()}, {"seconds", seconds}};
    std::cout << json.dump() << std::endl;
  } else {
    std::cerr << "semel produce: sent " << sender.sent() << ", failed " << sender.failed() << '\n';
  }
}

Result<void> Work(const Flags& flags) {
  SEMEL_TRY_ASSIGN(const MessageLineOptions options, LineOptions(flags));
  SEMEL_TRY_ASSIGN(const auto settings, flags.kafka.Settings(kafka::PropertyRules::kLibrary));
  SEMEL_TRY_ASSIGN(auto inputs, OpenInputs(flags.files));
  Terminal terminal(STDERR_FILENO);
  const auto logger = MakeLogger(terminal, LogFormat::kText, LogLevel::kWarning);
  WarnOf(settings, *logger);
  const StopSignals signals(*logger,
                            "Messages that were not acknowledged may be in the topic or not");
  SEMEL_TRY(CheckTopic(settings, options.topic, *logger));
  Sender sender(options, std::move(inputs));
  SEMEL_TRY(sender.Open(settings, *logger));
  const auto start = SteadyClock::now();
  const auto seconds = [start] {
    return std::chrono::duration<double>(SteadyClock::now() - start).count();
  };
  std::optional<Progress> line(std::in_place, terminal, [&] { return sender.Progress(seconds()); });
  const auto done = sender.Run(signals.token());
  line.reset();
  PrintSummary(flags, sender, seconds());
  if (!done) return done;
  if (!sender.first_failure()) return {};
  return Error{sender.first_failure()->action,
               std::to_string(sender.failed()) + " messages were not delivered"};
}

void AddFormatFlags(CLI::App& command, Flags& flags) {
  const std::string group = "What is written";
  command
      .add_option("--format", flags.format,
                  "lines: each is a value; json: each is a record (see below)")
      ->type_name("lines|json")
      ->check(CLI::IsMember({"lines", "json"}).description(""))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("-K,--key-delimiter", flags.lines.key_delimiter,
                  "What ends the key of a line; a line without it has no key")
      ->type_name("TEXT")
      ->group(group);
  command
      .add_option("--partition", flags.lines.partition,
                  "Write to this partition; default: by the key's hash, as Java does")
      ->type_name("N")
      ->check(CLI::Range(0, INT32_MAX).description(""))
      ->group(group);
  command.add_option("--header", flags.headers, "A header of each message; repeat for more")
      ->type_name("NAME=VALUE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_flag("--envelope", flags.lines.envelope,
                "Each line becomes the content of a JSON object with message_id (1, 2, ...),\n"
                "producer_id, timestamp and metadata")
      ->group(group);
  command
      .add_option("--producer-id", flags.lines.producer_id,
                  "producer_id of envelopes; default: host name and process id")
      ->type_name("TEXT")
      ->group(group);
}

}  // namespace

void AddProduce(CLI::App& parent, Run& run) {
  CLI::App* const command = parent.add_subcommand(
      "produce",
      "Writes lines to a topic, each acknowledged by all in-sync replicas, in order and once.");
  command->footer(
      "Example: semel produce orders orders.txt --brokers localhost:9092 --key-delimiter :\n"
      "A record (--format json) is, in one line, {\"key\": K, \"value\": V, \"headers\": {NAME: "
      "TEXT},\n"
      "\"timestamp\": MILLISECONDS, \"partition\": N}; all but value may be absent. A string is\n"
      "written as its text, null as null (a tombstone), any other JSON as its text in the line.\n"
      "Headers may also be [[NAME, TEXT], ...], and their text null.\n"
      "A line that is no record ends it: what came before is sent. So does a message that is not\n"
      "delivered within message.timeout.ms (120000); one that is too large is left out. Each is\n"
      "named by file and line. Any librdkafka property can be set with -X: acks, linger.ms, ...\n"
      "Exit codes: 0 all delivered (Ctrl-C: all that was read), 1 a message was refused, 2 usage,\n"
      "a file or a line, 3 brokers away or not permitted.");
  const auto flags = std::make_shared<Flags>();
  command->add_option("TOPIC", flags->lines.topic, "The topic; it must exist")->required();
  command->add_option("FILE", flags->files,
                      "Files, read one after the other; - or none: standard input");
  flags->kafka.AddTo(*command);
  AddFormatFlags(*command, *flags);
  command->add_option("--summary", flags->summary, "One JSON object on stdout instead of text")
      ->type_name("json")
      ->check(CLI::IsMember({"json"}).description(""));
  command->callback([flags, &run] {
    run = [flags] {
      const auto done = Work(*flags);
      return done ? 0 : Fail("produce", done.error());
    };
  });
}

}  // namespace semel::app
