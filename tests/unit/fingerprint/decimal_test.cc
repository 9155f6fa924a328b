#include "fingerprint/decimal.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace semel {
namespace {

/// Without the length before it, which must be right; `-` where there is no canonical form.
std::string Canonical(std::string_view number) {
  std::string out;
  if (!AppendDecimal(number, out)) return "none";
  if (out.size() < 129) {
    EXPECT_EQ(static_cast<std::size_t>(out.front()), out.size() - 1) << number;
  }
  return out.substr(1);
}

TEST(Decimal, OneTextForEachValue) {
  for (const char* seven :
       {"7", "7.0", "7.000", "70e-1", "0.7E+1", "0.007e3", "700E-2", "7e0", "7e-0", "7e+00000"}) {
    EXPECT_EQ(Canonical(seven), "7e0") << seven;
  }
  EXPECT_EQ(Canonical("1500"), "15e2");
  EXPECT_EQ(Canonical("-1500"), "-15e2");
  EXPECT_EQ(Canonical("15.00e2"), "15e2");
  EXPECT_EQ(Canonical("0.001"), "1e-3");
  EXPECT_EQ(Canonical("10.01"), "1001e-2");
  EXPECT_EQ(Canonical("100.0"), "1e2");
  EXPECT_EQ(Canonical("0.10"), "1e-1");
  EXPECT_EQ(Canonical("1234567890.0987654321"), "12345678900987654321e-10");
  EXPECT_EQ(Canonical("9007199254740993"), "9007199254740993e0");
  EXPECT_EQ(Canonical("1e400"), "1e400");
  EXPECT_EQ(Canonical("1E-400"), "1e-400");
}

TEST(Decimal, EveryZeroIsZero) {
  for (const char* zero : {"0", "-0", "0.0", "-0.000", "0e5", "-0.0e-3", "0E+7",
                           "0e99999999999999999999999", "-0.00e-1000000000"}) {
    EXPECT_EQ(Canonical(zero), "0") << zero;
  }
}

TEST(Decimal, BoundIsOnTheCanonicalExponent) {
  EXPECT_EQ(Canonical("1e999999999"), "1e999999999");
  EXPECT_EQ(Canonical("1e1000000000"), "none");
  EXPECT_EQ(Canonical("10e999999998"), "1e999999999");
  EXPECT_EQ(Canonical("10e999999999"), "none");
  EXPECT_EQ(Canonical("0.1e1000000000"), "1e999999999");
  EXPECT_EQ(Canonical("0.01e1000000001"), "1e999999999");
  EXPECT_EQ(Canonical("1.5e1000000000"), "15e999999999");
  EXPECT_EQ(Canonical("-1e-999999999"), "-1e-999999999");
  EXPECT_EQ(Canonical("1.0e-999999999"), "1e-999999999");
  EXPECT_EQ(Canonical("1.5e-999999999"), "none");
  EXPECT_EQ(Canonical("1.5e-999999998"), "15e-999999999");
  EXPECT_EQ(Canonical("10e-1000000000"), "1e-999999999");
  EXPECT_EQ(Canonical("1e-1000000000"), "none");
}

TEST(Decimal, AbsurdExponents) {
  EXPECT_EQ(Canonical("1e9223372036854775807"), "none");
  EXPECT_EQ(Canonical("1e9223372036854775808"), "none");
  EXPECT_EQ(Canonical("1e18446744073709551616"), "none") << "2^64 is not 0";
  EXPECT_EQ(Canonical("1e-" + std::string(1000, '9')), "none");
  EXPECT_EQ(Canonical("1e" + std::string(1000, '0') + "3"), "1e3");
  EXPECT_EQ(Canonical("1e-" + std::string(1000, '0') + "3"), "1e-3");
}

TEST(Decimal, ManyDigits) {
  const std::string zeros(2000, '0');
  EXPECT_EQ(Canonical("1" + zeros), "1e2000");
  EXPECT_EQ(Canonical("0." + zeros + "1"), "1e-2001");
  EXPECT_EQ(Canonical("0." + zeros + "1e2001"), "1e0");
  EXPECT_EQ(Canonical("0." + zeros), "0");
  EXPECT_EQ(Canonical("1." + zeros), "1e0");
  EXPECT_EQ(Canonical("1" + zeros + "e-2000"), "1e0");
  std::string out;
  ASSERT_TRUE(AppendDecimal(std::string(300, '3'), out));
  EXPECT_EQ(out, "\xae\x02" + std::string(300, '3') + "e0") << "302 in LEB128";
}

}  // namespace
}  // namespace semel
