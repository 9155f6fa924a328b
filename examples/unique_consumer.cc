// Prints each message once, however often it was sent; Ctrl-C ends it with a count.
//
// Usage: unique_consumer BROKERS TOPIC GROUP
#include <semel/unique_consumer.h>

#include <csignal>
#include <cstdio>
#include <thread>

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before the library starts threads

  auto consumer =
      semel::UniqueConsumer::Open({.brokers = argv[1], .topic = argv[2], .group = argv[3]});
  if (!consumer) {
    std::fprintf(stderr, "%s\n", consumer.error().message.c_str());
    return semel::ExitCode(consumer.error());
  }
  std::thread([&] {
    int signal = 0;
    sigwait(&signals, &signal);
    (*consumer)->Stop();
  }).detach();

  int received = 0;
  for (const semel::Message& message : **consumer) {
    const auto value = message.value.value_or("");
    std::printf("received: %.*s partition: %d offset: %lld\n", static_cast<int>(value.size()),
                value.data(), message.partition, static_cast<long long>(message.offset));
    std::fflush(stdout);
    ++received;
  }
  std::printf("%d messages\n", received);
  const auto ended = (*consumer)->status();
  if (ended) return 0;
  std::fprintf(stderr, "%s\n", ended.error().message.c_str());
  return semel::ExitCode(ended.error());
}
