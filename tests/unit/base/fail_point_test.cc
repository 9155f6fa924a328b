#include "base/fail_point.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace semel::fail_point {
namespace {

using ::testing::ExitedWithCode;
using ::testing::HasSubstr;
using ::testing::KilledBySignal;

// Points stay armed for the life of a process: each test has names of its own.

TEST(FailPoint, IsOffUnlessArmed) {
  EXPECT_FALSE(Fails("nobody-armed-this"));
  Pass("nobody-armed-this");
}

TEST(FailPoint, RefusesWhatItCannotRead) {
  for (const char* spec : {"a", ":kill", "a:explode", "a:fail:0", "a:fail:-1", "a:fail:x",
                           "a:fail:1x", "a:fail:", "a:fail:1:2", "ok-1:fail,b", ","}) {
    const auto armed = Arm(spec);
    ASSERT_FALSE(armed) << spec;
    EXPECT_EQ(armed.error().action, Action::kFix);
    EXPECT_THAT(armed.error().message, HasSubstr("NAME:kill|stop|fail[:HIT]"));
  }
}

TEST(FailPoint, FailsAtItsHitAndAtNoOther) {
  ASSERT_TRUE(Arm("first:fail,third:fail:3"));
  EXPECT_TRUE(Fails("first"));
  EXPECT_FALSE(Fails("first"));
  EXPECT_FALSE(Fails("third"));
  EXPECT_FALSE(Fails("third"));
  EXPECT_TRUE(Fails("third"));
  EXPECT_FALSE(Fails("third"));
  EXPECT_FALSE(Fails("thir"));
}

TEST(FailPointDeathTest, KillsTheProcess) {
  EXPECT_EXIT(
      {
        static_cast<void>(Arm("deadly:kill:2"));
        Pass("deadly");
        Pass("deadly");
      },
      KilledBySignal(SIGKILL), "");
}

TEST(FailPoint, StopsTheProcessUntilItIsContinued) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    static_cast<void>(Arm("pause:stop"));
    Pass("pause");
    ::_exit(7);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
  EXPECT_TRUE(WIFSTOPPED(status));
  ASSERT_EQ(::kill(child, SIGCONT), 0);
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(ExitedWithCode(7)(status));
}

}  // namespace
}  // namespace semel::fail_point
