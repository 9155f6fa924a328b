#include "ingest/redis_memory.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <future>

#include "tests/unit/redis/redis_server.h"

namespace semel::ingest {
namespace {

using redis_test::RedisServer;

constexpr std::chrono::seconds kPatience{30};

class RedisMemoryTest : public testing::Test {
 protected:
  RedisMemorySettings Settings() const {
    return {.access = server_.access(),
            .prefix = "semel:test:",
            .bits = 128,
            .time_to_live = std::chrono::minutes(1)};
  }

  static Fingerprint Event(std::uint8_t number) {
    Fingerprint fingerprint;
    fingerprint.bytes.fill(number);
    return fingerprint;
  }

  /// Waits for the answer, as a client does.
  static std::array<bool, 2> Ask(RedisMemory& memory, const std::array<Fingerprint, 2>& events) {
    std::array<bool, 2> known{true, true};
    std::promise<void> answered;
    memory.Ask(events, known, [&] { answered.set_value(); });
    EXPECT_EQ(answered.get_future().wait_for(kPatience), std::future_status::ready);
    return known;
  }

  static void WaitUntil(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  /// What it is told of the topic comes first.
  static void WaitForAnswers(RedisMemory& memory, const LogEnds& ends = {9}) {
    WaitUntil([&] {
      memory.Look(ends);
      return !memory.failing();
    });
  }

  void HangWithAllRemembered(RedisMemory& memory) const {
    WaitForAnswers(memory);
    memory.Remember(events_);
    WaitUntil([&] { return Ask(memory, events_) == std::array{true, true}; });
    server_.Signal(SIGSTOP);
    EXPECT_EQ(Ask(memory, events_), (std::array{false, false}));
    WaitUntil([&] { return memory.failing(); });
  }

  const std::array<Fingerprint, 2> events_{Event(1), Event(2)};
  RedisServer server_;
  SilentLogger log_;
};

TEST_F(RedisMemoryTest, InstancesShareIt) {
  RedisMemory one(Settings(), log_);
  RedisMemory two(Settings(), log_);
  WaitForAnswers(one);
  WaitForAnswers(two);
  EXPECT_EQ(Ask(one, events_), (std::array{false, false}));
  one.Remember(std::span(events_).first(1));
  WaitUntil([&] { return Ask(two, events_) == std::array{true, false}; });
  const std::string generation = server_.Do({"GET", "semel:test:generation"}).at(0);
  const auto left = server_.Do({"PTTL", "semel:test:" + generation + ":" + std::string(16, '\1')});
  ASSERT_EQ(left.size(), 1U);
  EXPECT_GT(std::stoll(left[0]), 1'000);
  EXPECT_LE(std::stoll(left[0]), 60'000);
}

TEST_F(RedisMemoryTest, WithoutRedisNothingIsKnownAtOnce) {
  RedisMemory memory(Settings(), log_);
  WaitForAnswers(memory);
  memory.Remember(events_);
  WaitUntil([&] { return Ask(memory, events_) == std::array{true, true}; });
  server_.Kill();
  EXPECT_EQ(Ask(memory, events_), (std::array{false, false}));
  WaitUntil([&] { return memory.failing(); });
  EXPECT_EQ(Ask(memory, events_), (std::array{false, false}));
  memory.Remember(events_);
  server_.Start();
  WaitForAnswers(memory);
  EXPECT_EQ(Ask(memory, events_), (std::array{false, false})) << "it kept no file";
}

TEST_F(RedisMemoryTest, ARedisThatHangsIsNotWaitedFor) {
  RedisMemory memory(Settings(), log_);
  HangWithAllRemembered(memory);
  server_.Signal(SIGCONT);
  WaitForAnswers(memory);
  EXPECT_EQ(Ask(memory, events_), (std::array{true, true}));
}

TEST_F(RedisMemoryTest, ATopicThatHasShrunkMakesAllForget) {
  RedisMemory one(Settings(), log_);
  RedisMemory two(Settings(), log_);
  WaitForAnswers(one);
  WaitForAnswers(two);
  one.Remember(events_);
  WaitUntil([&] { return Ask(two, events_) == std::array{true, true}; });
  one.Look({10});
  EXPECT_EQ(Ask(two, events_), (std::array{true, true})) << "it has grown";
  one.Look({8});
  WaitUntil([&] { return Ask(one, events_) == std::array{false, false}; });
  EXPECT_EQ(Ask(two, events_), (std::array{false, false})) << "though it has not looked";
  // Each of them makes all forget at its first look; at the next they agree.
  WaitUntil([&] {
    one.Look({8});
    two.Look({8});
    one.Remember(events_);
    return Ask(two, events_) == std::array{true, true};
  });
}

TEST_F(RedisMemoryTest, ATopicThatShrinksWhileRedisIsAwayMakesItForget) {
  RedisMemory memory(Settings(), log_);
  HangWithAllRemembered(memory);
  memory.Look({2});
  memory.Look({12});  // what came since is more than there was
  server_.Signal(SIGCONT);
  WaitForAnswers(memory, {12});
  EXPECT_EQ(Ask(memory, events_), (std::array{false, false}));
}

TEST_F(RedisMemoryTest, OneThatWasStartedAnewKnowsWhatTheTopicWasLike) {
  {
    RedisMemory memory(Settings(), log_);
    WaitForAnswers(memory, {7});
    memory.Look({9});  // the one before it goes to Redis
    memory.Remember(events_);
    WaitUntil([&] { return Ask(memory, events_) == std::array{true, true}; });
  }
  {
    RedisMemory memory(Settings(), log_);
    WaitForAnswers(memory, {7});
    WaitUntil([&] { return Ask(memory, events_) == std::array{true, true}; });
  }
  RedisMemory memory(Settings(), log_);
  WaitForAnswers(memory, {6});
  EXPECT_EQ(Ask(memory, events_), (std::array{false, false}));
}

TEST_F(RedisMemoryTest, AnEmptyTopicHasNothingThatCouldBeRemembered) {
  {
    RedisMemory memory(Settings(), log_);
    WaitForAnswers(memory, {1});
    memory.Remember(events_);
    WaitUntil([&] { return Ask(memory, events_) == std::array{true, true}; });
  }
  RedisMemory memory(Settings(), log_);
  WaitForAnswers(memory, {0});
  EXPECT_EQ(Ask(memory, events_), (std::array{false, false}));
}

TEST_F(RedisMemoryTest, OneThatRefusesToWriteIsToldAndLeft) {
  RedisMemory memory(Settings(), log_);
  WaitForAnswers(memory);
  server_.Do({"CONFIG", "SET", "maxmemory", "1"});
  memory.Remember(events_);
  WaitUntil([&] { return memory.failing(); });
}

TEST_F(RedisMemoryTest, MoreThanCanWaitIsNotKnown) {
  RedisMemory memory(Settings(), log_);
  WaitForAnswers(memory);
  const std::vector<Fingerprint> many(60'000, Event(3));
  const auto known = std::make_unique<bool[]>(many.size());
  known[0] = true;
  bool answered = false;
  memory.Ask(many, {known.get(), many.size()}, [&] { answered = true; });
  EXPECT_TRUE(answered) << "within the call";
  EXPECT_FALSE(known[0]);
}

TEST_F(RedisMemoryTest, WhatWaitsIsAnsweredAtTheEnd) {
  std::array<bool, 2> known{};
  std::promise<void> answered;
  {
    RedisMemory memory(Settings(), log_);
    WaitForAnswers(memory);
    server_.Signal(SIGSTOP);
    memory.Ask(events_, known, [&] { answered.set_value(); });
  }
  EXPECT_EQ(answered.get_future().wait_for(std::chrono::seconds(0)), std::future_status::ready);
}

}  // namespace
}  // namespace semel::ingest
