// No allocation of ours per record once warmed up. OpenSSL 3.0 makes its own, past operator new.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "allocation_counter.h"
#include "semel/fingerprint.h"

namespace semel::testing {
namespace {

TEST(Allocation, NoneOnceWarmedUp) {
  std::string value =
      R"({"\u0061":{"z":[1.50,"\ud83d\ude00"],"a":{"c":1,"b":2}},"other":null,"n":[)";
  for (int i = 0; i < 500; ++i) value += "{\"k\":1},";
  value += "0]}";
  for (const char* secret : {"", "a secret"}) {
    Result<Fingerprinter> fingerprinter = Fingerprinter::Open(
        {.parts = {"json:/a", "json:/n", "value", "header:h", "json:/none"}, .secret = secret});
    ASSERT_TRUE(fingerprinter);
    Record record;
    record.value = value;
    fingerprinter->Identify(record);
    const std::size_t before = Allocations();
    for (int i = 0; i < 100; ++i) fingerprinter->Identify(record);
    EXPECT_EQ(Allocations(), before);
  }
}

}  // namespace
}  // namespace semel::testing
