#include "wiring/stop_signals.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>

namespace semel {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kPatience{20};

bool Await(const std::stop_token& token) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!token.stop_requested()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds{10});
  }
  return true;
}

class StderrLogger final : public Logger {
 public:
  void Write(LogLevel /*level*/, std::string_view message,
             std::initializer_list<LogField> fields) override {
    std::cerr << message;
    for (const LogField& field : fields) std::cerr << " " << field.name << "=" << field.value;
    std::cerr << std::endl;
  }
};

/// Each in a process of its own: signals are for all of it, and some end it.
class StopSignalsTest : public testing::Test {
 protected:
  StopSignalsTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  // Exit code 0 when the signal became a request and the object ended in good order.
  [[noreturn]] static void StopWith(int signal) {
    StderrLogger logger;
    bool stopped = false;
    {
      const StopSignals signals(logger, "");
      if (signals.token().stop_requested()) _exit(2);
      ::kill(::getpid(), signal);
      stopped = Await(signals.token());
    }
    _exit(stopped ? 0 : 3);
  }

  [[noreturn]] static void StopTwice() {
    StderrLogger logger;
    const StopSignals signals(logger, "");
    ::kill(::getpid(), SIGTERM);
    if (!Await(signals.token())) _exit(3);
    ::kill(::getpid(), SIGINT);
    std::this_thread::sleep_for(kPatience);
    _exit(4);
  }

  [[noreturn]] static void Hang(bool failed) {
    StderrLogger logger;
    StopSignals signals(logger, "Then this", milliseconds{300});
    if (failed) signals.SetExitCode(4);
    signals.RequestStop();
    std::this_thread::sleep_for(kPatience);
    _exit(0);
  }

  // Exit code 0 when SIGHUP was heard twice and is no stop.
  [[noreturn]] static void HangUp() {
    StderrLogger logger;
    std::atomic<int> heard = 0;
    bool stopped = false;
    {
      const StopSignals signals(logger, "", kPatience, [&heard] { ++heard; });
      const auto end = std::chrono::steady_clock::now() + kPatience;
      for (int wanted = 1; wanted <= 2; ++wanted) {
        ::kill(::getpid(), SIGHUP);
        while (heard < wanted && std::chrono::steady_clock::now() < end)
          std::this_thread::sleep_for(milliseconds{10});
      }
      stopped = signals.token().stop_requested();
    }
    _exit(heard == 2 && !stopped ? 0 : 3);
  }

  [[noreturn]] static void SignalAfterwards() {
    StderrLogger logger;
    { const StopSignals signals(logger, ""); }
    ::kill(::getpid(), SIGTERM);
    std::this_thread::sleep_for(kPatience);
    _exit(0);
  }
};

using StopSignalsDeathTest = StopSignalsTest;

TEST_F(StopSignalsDeathTest, TheFirstOneIsARequest) {
  EXPECT_EXIT(StopWith(SIGTERM), testing::ExitedWithCode(0), "once more.*signal=SIGTERM");
  EXPECT_EXIT(StopWith(SIGINT), testing::ExitedWithCode(0), "once more.*signal=SIGINT");
}

TEST_F(StopSignalsDeathTest, TheSecondOneEndsAtOnce) {
  EXPECT_EXIT(StopTwice(), testing::ExitedWithCode(130), "signal=SIGTERM");
}

TEST_F(StopSignalsDeathTest, AStopThatHangsIsEndedByForce) {
  EXPECT_EXIT(Hang(false), testing::ExitedWithCode(1), "did not end within.*by force. Then this");
}

TEST_F(StopSignalsDeathTest, AStopThatHangsKeepsTheExitCodeOfTheError) {
  EXPECT_EXIT(Hang(true), testing::ExitedWithCode(4), "by force");
}

TEST_F(StopSignalsDeathTest, SighupIsNoStop) {
  EXPECT_EXIT(HangUp(), testing::ExitedWithCode(0), "");
}

TEST_F(StopSignalsDeathTest, LaterSignalsDoWhatTheyDidBefore) {
  EXPECT_EXIT(SignalAfterwards(), testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace semel
