#include "kafka/library_version.h"

#include <gmock/gmock.h>

#include "kafka/rdkafka_handles.h"
#include "kafka/settings.h"

namespace semel::kafka {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(LibraryVersionTest, OneThatRepeatsOrLosesIsRefused) {
  for (const auto& [version, name] : {std::pair{0x010900ff, "1.9.0"},
                                      {0x020001ff, "2.0.1"},
                                      {0x020100ff, "2.1.0"},
                                      {0x020200ff, "2.2.0"},
                                      {0x020300ff, "2.3.0"},
                                      {0x020400ff, "2.4.0"}}) {
    const auto checked = CheckLibrary(version);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().action, Action::kFix);
    EXPECT_THAT(checked.error().message, HasSubstr(std::string("librdkafka ") + name + ": "));
    EXPECT_THAT(checked.error().message, HasSubstr("Install another one"));
  }
}

TEST(LibraryVersionTest, OthersAreTaken) {
  for (const int version : {0x020002ff, 0x020101ff, 0x020500ff, 0x020503ff, 0x020601ff, 0x020a00ff,
                            0x020a01ff, 0x020f01ff})
    EXPECT_TRUE(CheckLibrary(version)) << std::hex << version;
  EXPECT_TRUE(CheckLibrary(rd_kafka_version()));
}

TEST(LibraryVersionTest, OneThatOnlyFailsIsWarnedOf) {
  EXPECT_THAT(Warnings({}, 0x020500ff), Contains(HasSubstr("enable.metrics.push=false")));
  EXPECT_THAT(Warnings({}, 0x020a00ff), Contains(HasSubstr("#5088")));
  for (const int version : {0x020002ff, 0x020503ff, 0x020a01ff})
    EXPECT_THAT(Warnings({}, version), IsEmpty()) << std::hex << version;
}

TEST(LibraryVersionTest, ThatOfTheBuildIsWrittenAsLibrdkafkaWritesItsOwn) {
  if (rd_kafka_version() != RD_KAFKA_VERSION) return;  // nothing to compare it with
  EXPECT_EQ(LibraryVersionOfBuild(), LibraryVersion().substr(0, LibraryVersion().find('-')));
}

}  // namespace
}  // namespace semel::kafka
