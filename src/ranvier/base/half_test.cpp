#include "ranvier/base/half.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <rapidcheck/gtest.h>

namespace ranvier {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

TEST(Half, KnownFloat16) {
    EXPECT_EQ(to_float16(1), 0x3C00);
    EXPECT_EQ(to_float16(-2), 0xC000);
    EXPECT_EQ(to_float16(65504), 0x7BFF);
    EXPECT_EQ(to_float16(65519), 0x7BFF);
    EXPECT_EQ(to_float16(65520), 0x7C00);
    EXPECT_EQ(to_float16(1e30F), 0x7C00);
    EXPECT_EQ(to_float16(std::ldexp(1.0F, -24)), 1);
    EXPECT_EQ(to_float16(std::ldexp(1.0F, -25)), 0);  // half way: even
    EXPECT_EQ(to_float16(std::ldexp(3.0F, -25)), 2);  // half way: even
    EXPECT_EQ(to_float16(std::ldexp(1.001F, -25)), 1);
    EXPECT_EQ(to_float16(std::ldexp(1.0F, -14)), 0x400);
    EXPECT_EQ(to_float16(0.333251953125F), 0x3555);
    EXPECT_EQ(to_float16(-0.0F), 0x8000);
    EXPECT_EQ(to_float16(-infinity), 0xFC00);
    EXPECT_TRUE(std::isnan(from_float16(to_float16(std::nanf("")))));
}

TEST(Half, EveryFloat16ComesBack) {
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        const auto half = static_cast<std::uint16_t>(bits);
        const float value = from_float16(half);
        if (std::isnan(value)) continue;
        ASSERT_EQ(to_float16(value), half);
        const int exponent = static_cast<int>(bits >> 10 & 31U);
        const double size = exponent == 31  ? infinity
                            : exponent == 0 ? std::ldexp(bits & 1023U, -24)
                                            : std::ldexp(1024 + (bits & 1023U), exponent - 25);
        ASSERT_EQ(value, bits < 0x8000 ? size : -size);
    }
}

RC_GTEST_PROP(Half, Float16IsTheNearest, ()) {
    const float x =
        *rc::gen::arbitrary<float>() * static_cast<float>(std::exp(*rc::gen::inRange(-12, 2)));
    if (!(std::abs(x) < 65504)) return;
    const std::uint16_t near = to_float16(x);
    const auto error = [&](int away) {
        return std::abs(static_cast<double>(from_float16(static_cast<std::uint16_t>(near + away))) -
                        x);
    };
    RC_ASSERT(error(0) <= error(1));
    if ((near & 0x7FFF) != 0) RC_ASSERT(error(0) <= error(-1));
    if (error(0) == error(1) && error(0) > 0) RC_ASSERT(near % 2 == 0);
}

TEST(Half, BFloat16RoundsToTheNearestAndOfTwoToTheEvenOne) {
    const auto rounded = [](float x) { return from_bfloat16(to_bfloat16(x)); };
    EXPECT_EQ(rounded(1), 1);
    EXPECT_EQ(rounded(-0.5F), -0.5F);
    EXPECT_EQ(rounded(257), 256);      // between 256 and 258
    EXPECT_EQ(rounded(259), 260);      // between 258 and 260
    EXPECT_EQ(rounded(257.25F), 258);  // beyond the middle
    EXPECT_EQ(rounded(0.1F), 0.10009765625F);
    EXPECT_EQ(rounded(infinity), infinity);
    EXPECT_EQ(rounded(-infinity), -infinity);
    EXPECT_TRUE(std::isnan(rounded(std::nanf(""))));
    EXPECT_TRUE(std::isnan(rounded(std::bit_cast<float>(0x7FFFFFFFU))));
}

}  // namespace
}  // namespace ranvier
