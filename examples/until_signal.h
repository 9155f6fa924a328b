// Ctrl-C and SIGTERM, as the examples take them.
#pragma once

#include <pthread.h>
#include <semel/result.h>

#include <csignal>
#include <cstdio>
#include <functional>
#include <thread>

/// To be called first in main: no thread of the library takes the signals then.
inline void BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

/// Calls `stop` when a signal comes; it must stay valid until the program ends.
inline void OnSignal(std::function<void()> stop) {
  std::thread([stop = std::move(stop)] {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    int signal = 0;
    sigwait(&signals, &signal);
    stop();
  }).detach();
}

/// The exit code, after what went wrong was told.
inline int End(const semel::Result<void>& ended) {
  if (ended) return 0;
  std::fprintf(stderr, "%s\n", ended.error().message.c_str());
  return semel::ExitCode(ended.error());
}
