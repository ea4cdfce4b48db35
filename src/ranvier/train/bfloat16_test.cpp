#include "ranvier/train/bfloat16.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <rapidcheck/gtest.h>
#include <vector>

namespace ranvier {
namespace {

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
