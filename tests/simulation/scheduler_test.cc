#include "scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace semel::simulation {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SchedulerTest : public ::testing::Test {
 protected:
  void Note(const std::string& what) {
    const auto since =
        std::chrono::duration_cast<std::chrono::milliseconds>(scheduler_.Now() - begin_);
    seen_.push_back(std::to_string(since.count()) + " " + what);
  }
  void EndAfter(Duration duration) {
    scheduler_.After(duration, [this] { scheduler_.Stop(); });
  }

  Scheduler scheduler_{{.time = 1h, .steps = 100'000}};
  const Time begin_ = scheduler_.Now();
  Process& one_ = scheduler_.NewProcess("one");
  Process& two_ = scheduler_.NewProcess("two");
  std::vector<std::string> seen_;
};

/// Notes when it goes.
class Guard {
 public:
  explicit Guard(std::function<void()> action) : action_(std::move(action)) {}
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() { action_(); }

 private:
  std::function<void()> action_;
};

TEST_F(SchedulerTest, TasksTakeTurnsInTheOrderOfTimeThenOfAsking) {
  scheduler_.Start(one_, "a", [&] {
    Note("a");
    scheduler_.Sleep(10ms);
    Note("a");
  });
  scheduler_.Start(two_, "b", [&] {
    Note("b");
    scheduler_.Sleep(5ms);
    Note("b");
    scheduler_.Sleep(5ms);
    Note("b");
  });
  EndAfter(1s);
  EXPECT_EQ(scheduler_.Run(), std::nullopt);
  EXPECT_THAT(seen_, ElementsAre("0 a", "0 b", "5 b", "10 a", "10 b"));
}

TEST_F(SchedulerTest, ASignalWakesBeforeTheDeadline) {
  Signal signal(scheduler_);
  scheduler_.Start(one_, "waits", [&] {
    EXPECT_TRUE(scheduler_.WaitUntil(signal, begin_ + 1s, "a signal"));
    Note("notified");
    EXPECT_FALSE(scheduler_.WaitUntil(signal, begin_ + 100ms, "another"));
    Note("deadline");
  });
  scheduler_.At(begin_ + 30ms, [&] { signal.Notify(); });
  EndAfter(2s);
  EXPECT_EQ(scheduler_.Run(), std::nullopt);
  EXPECT_THAT(seen_, ElementsAre("30 notified", "100 deadline"));
}

TEST_F(SchedulerTest, AKilledProcessUnwindsAndItsWaitsInDestructorsReturnAtOnce) {
  scheduler_.Start(one_, "victim", [&] {
    const Guard outer([&] { Note("outer gone"); });
    const Guard inner([&] {
      scheduler_.Sleep(1min);
      Note("inner gone");
    });
    scheduler_.Sleep(1h);
    Note("never");
  });
  scheduler_.At(begin_ + 10ms, one_, [&] { Note("its timer"); });
  scheduler_.At(begin_ + 30ms, one_, [&] { Note("never"); });
  scheduler_.At(begin_ + 20ms, [&] { scheduler_.Kill(one_); });
  EndAfter(2min);
  EXPECT_EQ(scheduler_.Run(), std::nullopt);
  EXPECT_THAT(seen_, ElementsAre("10 its timer", "20 inner gone", "20 outer gone"));
}

TEST_F(SchedulerTest, AProcessKilledInADestructorUnwindsBehindIt) {
  scheduler_.Start(one_, "victim", [&] {
    {
      const Guard shielded([&] {
        const Shield shield(scheduler_);
        scheduler_.Sleep(1min);
        Note("gone");
      });
    }
    scheduler_.Sleep(1ms);
    Note("never");
  });
  scheduler_.At(begin_ + 20ms, [&] { scheduler_.Kill(one_); });
  EndAfter(2min);
  EXPECT_EQ(scheduler_.Run(), std::nullopt);
  EXPECT_THAT(seen_, ElementsAre("20 gone"));
}

TEST_F(SchedulerTest, ATaskThatKillsItsOwnProcessGoesNoFurther) {
  scheduler_.Start(one_, "other", [&] {
    const Guard other([&] { Note("other gone"); });
    scheduler_.Sleep(1h);
  });
  scheduler_.Start(one_, "kills", [&] {
    scheduler_.Sleep(1ms);
    scheduler_.Kill(one_);
    Note("never");
  });
  EndAfter(1s);
  EXPECT_EQ(scheduler_.Run(), std::nullopt);
  EXPECT_THAT(seen_, ElementsAre("1 other gone"));
  EXPECT_FALSE(scheduler_.Running(one_));
}

TEST_F(SchedulerTest, WhatFallsDueInAPauseHappensAfterIt) {
  scheduler_.Start(one_, "sleeps", [&] {
    scheduler_.Sleep(10ms);
    Note("awake");
  });
  scheduler_.At(begin_ + 5ms, [&] { scheduler_.Pause(one_); });
  scheduler_.At(begin_ + 500ms, [&] { scheduler_.Continue(one_); });
  EndAfter(1s);
  EXPECT_EQ(scheduler_.Run(), std::nullopt);
  EXPECT_THAT(seen_, ElementsAre("500 awake"));
}

TEST_F(SchedulerTest, ARunWithoutAnEndSaysWhatIsWaitedFor) {
  scheduler_.Start(one_, "lane", [&] {
    for (;;) scheduler_.Sleep(10s, "an answer");
  });
  const auto why = scheduler_.Run();
  ASSERT_TRUE(why);
  EXPECT_THAT(*why, HasSubstr("time is used up"));
  EXPECT_THAT(*why, HasSubstr("one lane waits for an answer"));
}

TEST_F(SchedulerTest, StepsAreBoundedToo) {
  scheduler_.Start(one_, "spins", [&] {
    for (;;) scheduler_.Sleep(0ms);
  });
  const auto why = scheduler_.Run();
  ASSERT_TRUE(why);
  EXPECT_THAT(*why, HasSubstr("too many steps"));
}

TEST_F(SchedulerTest, AnExceptionEndsTheRun) {
  scheduler_.Start(one_, "throws", [] { throw std::runtime_error("a fault"); });
  const auto why = scheduler_.Run();
  ASSERT_TRUE(why);
  EXPECT_THAT(*why, HasSubstr("one throws threw a fault"));
}

TEST_F(SchedulerTest, AClockErrorIsOfOneProcess) {
  const ProcessClock first(scheduler_, one_);
  const ProcessClock second(scheduler_, two_);
  one_.clock_error = 1h;
  EXPECT_EQ(first.WallMs() - second.WallMs(), 3'600'000);
  EXPECT_EQ(first.Now(), second.Now());
}

}  // namespace
}  // namespace semel::simulation
