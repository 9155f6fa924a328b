#include "wiring/instance_name.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

namespace semel {
namespace {

using testing::HasSubstr;

class InstanceNameTest : public testing::Test {
 protected:
  InstanceNameTest() : parent_(testing::TempDir() + "semel-instance-XXXXXX") {
    EXPECT_NE(::mkdtemp(parent_.data()), nullptr);
    dir_ = parent_ + "/state";
  }
  ~InstanceNameTest() override { std::filesystem::remove_all(parent_); }

  std::string parent_;
  std::string dir_;
};

TEST_F(InstanceNameTest, RandomUnlessSomebodyCares) {
  const auto one = TakeInstanceName("", "");
  const auto other = TakeInstanceName("", "");
  ASSERT_TRUE(one && other);
  EXPECT_NE(one->name, other->name);
  EXPECT_FALSE(one->stable);
}

TEST_F(InstanceNameTest, GivenOne) {
  const auto given = TakeInstanceName("worker-1", "");
  ASSERT_TRUE(given);
  EXPECT_EQ(given->name, "worker-1");
  EXPECT_TRUE(given->stable);
}

TEST_F(InstanceNameTest, IsKeptForUsAlone) {
  std::string name;
  {
    const auto first = TakeInstanceName("", dir_);
    ASSERT_TRUE(first);
    EXPECT_TRUE(first->stable);
    name = first->name;
  }
  EXPECT_EQ(std::filesystem::status(dir_).permissions(), std::filesystem::perms::owner_all);
  const auto second = TakeInstanceName("", dir_);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->name, name);
}

TEST_F(InstanceNameTest, OneProcessAtATime) {
  const auto first = TakeInstanceName("", dir_);
  ASSERT_TRUE(first);
  const auto second = TakeInstanceName("", dir_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().action, Action::kFix);
  EXPECT_THAT(second.error().message, HasSubstr(dir_));
}

TEST_F(InstanceNameTest, NoDirectory) { EXPECT_FALSE(TakeInstanceName("", "/proc/nothing")); }

}  // namespace
}  // namespace semel
