#include "ranvier/train/bfloat16.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <rapidcheck/gtest.h>
#include <vector>

namespace ranvier {
namespace {

TEST(BFloat16, RoundsToTheNearestAndOfTwoToTheEvenOne) {
    const auto rounded = [](float x) { return from_bfloat16(to_bfloat16(x)); };
    EXPECT_EQ(rounded(1), 1);
    EXPECT_EQ(rounded(-0.5F), -0.5F);
    EXPECT_EQ(rounded(257), 256);      // between 256 and 258
    EXPECT_EQ(rounded(259), 260);      // between 258 and 260
    EXPECT_EQ(rounded(257.25F), 258);  // beyond the middle
    EXPECT_EQ(rounded(0.1F), 0.10009765625F);
    constexpr float infinity = std::numeric_limits<float>::infinity();
    EXPECT_EQ(rounded(infinity), infinity);
    EXPECT_EQ(rounded(-infinity), -infinity);
    EXPECT_TRUE(std::isnan(rounded(std::numeric_limits<float>::quiet_NaN())));
    EXPECT_TRUE(std::isnan(rounded(std::bit_cast<float>(0x7FFFFFFFU))));
}

RC_GTEST_PROP(BFloat16, ManyNumbersAreRoundedLikeOne, (const std::vector<float>& x)) {
    std::vector<std::uint16_t> rounded(x.size());
    round_to_bfloat16(x.data(), rounded.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
        RC_ASSERT(rounded[i] == to_bfloat16(x[i]));
        const float error = std::abs(from_bfloat16(rounded[i]) - x[i]);
        RC_ASSERT(error <= std::ldexp(std::abs(x[i]), -8) + std::ldexp(1.0F, -134));
    }
}

}  // namespace
}  // namespace ranvier
