#include "ranvier/stdp/encoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace ranvier {
namespace {

InputSpikes encode(std::span<const float> pixels, float rate, std::size_t steps,
                   const Showing& showing) {
    InputSpikes spikes;
    PoissonEncoder().encode(pixels, rate, steps, showing, spikes);
    return spikes;
}

TEST(PoissonEncoder, BlackIsSilentAndWhiteIsCertain) {
    const std::vector<float> pixels = {0, 1, 0.5F};
    const InputSpikes spikes = encode(pixels, 2, 3, {});  // probabilities 0, 2 and 1
    ASSERT_EQ(spikes.n_steps(), 3U);
    for (std::size_t t = 0; t < 3; ++t) {
        const auto now = spikes.at(t);
        EXPECT_EQ(std::vector<int>(now.begin(), now.end()), (std::vector<int>{1, 2}));
    }
    EXPECT_EQ(encode(pixels, 0, 3, {}).size(), 0U);
}

TEST(PoissonEncoder, SpikesAsOftenAndAsIndependentlyAsAsked) {
    // 200,000 steps of probability p: a standard deviation of sqrt(p (1 - p) / 200000).
    constexpr std::size_t steps = 50'000;
    const std::vector<float> pixels = {0.01F, 0.2F, 0.7F};
    std::vector<double> count(3), pairs(3);
    for (std::uint32_t image = 0; image < 4; ++image) {
        const InputSpikes spikes = encode(pixels, 1, steps, {1, 0, image, 0});
        std::vector<bool> before(3);
        for (std::size_t t = 0; t < steps; ++t) {
            std::vector<bool> now(3);
            for (const std::uint16_t i : spikes.at(t)) {
                now[i] = true;
                ++count[i];
                if (before[i]) ++pairs[i];
            }
            before = now;
        }
    }
    for (std::size_t i = 0; i < 3; ++i) {
        const double p = pixels[i];
        constexpr double n = 4 * steps;
        EXPECT_NEAR(count[i] / n, p, 4 * std::sqrt(p * (1 - p) / n));
        EXPECT_NEAR(pairs[i] / n, p * p, 8 * std::sqrt(p * p * (1 - p * p) / n));
    }
}

TEST(PoissonEncoder, ListsAscendAndNamesChooseTheSpikes) {
    const std::vector<float> pixels(100, 0.5F);
    const Showing showing{3, 1, 2, 1};
    const InputSpikes spikes = encode(pixels, 0.2F, 50, showing);
    for (std::size_t t = 0; t < 50; ++t)
        EXPECT_TRUE(std::ranges::is_sorted(spikes.at(t), std::less_equal<>()));
    const InputSpikes again = encode(pixels, 0.2F, 50, showing);
    EXPECT_EQ(again.inputs, spikes.inputs);
    EXPECT_EQ(again.begin, spikes.begin);
    for (const Showing& other :
         {Showing{4, 1, 2, 1}, Showing{3, 0, 2, 1}, Showing{3, 1, 1, 1}, Showing{3, 1, 2, 0}})
        EXPECT_NE(encode(pixels, 0.2F, 50, other).begin, spikes.begin);
}

TEST(PoissonEncoder, APixelsSpikesDoNotDependOnTheOthers) {
    std::vector<float> pixels(10, 0.5F);
    const InputSpikes all = encode(pixels, 0.3F, 200, {});
    for (std::size_t i = 0; i < 9; ++i) pixels[i] = 0;
    const InputSpikes alone = encode(pixels, 0.3F, 200, {});
    for (std::size_t t = 0; t < 200; ++t)
        EXPECT_EQ(std::ranges::count(all.at(t), 9), std::ranges::count(alone.at(t), 9));
}

}  // namespace
}  // namespace ranvier
