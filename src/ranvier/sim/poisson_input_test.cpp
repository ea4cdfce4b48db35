#include "ranvier/sim/poisson_input.hpp"

#include <gtest/gtest.h>

#include "tests/support/npy.hpp"
#include <cmath>
#include <vector>

namespace ranvier {
namespace {

TEST(PoissonInput, EqualsTheAuthorsGenerator) {
    RANVIER_NEEDS_ORACLE("poisson_encoder");
    const auto folder = testing::oracle("poisson_encoder");
    const Tensor image = testing::read_npy(folder / "image.npy");
    const Tensor uniforms = testing::read_npy(folder / "uniforms.npy");
    for (const auto& [file, rate] :
         {std::pair{"spikes_rate1.npy", 1.0F}, std::pair{"spikes_rate09.npy", 0.9F}}) {
        const Tensor spikes = testing::read_npy(folder / file);
        ASSERT_EQ(spikes.size(), uniforms.size());
        for (std::size_t i = 0; i < spikes.size(); ++i)
            ASSERT_EQ(poisson_spike(image.values[i % image.size()], rate, uniforms.values[i]),
                      spikes.values[i])
                << file << " " << i;
    }
}

TEST(PoissonInput, SpikesAsOftenAsThePixelSays) {
    const std::vector<float> pixels = {0.25F, -0.75F, 0.0F, 1.0F, 2.0F};
    std::vector<double> sums(pixels.size());
    constexpr int n_steps = 20000;
    std::vector<float> spikes(pixels.size());
    for (std::uint32_t t = 0; t < n_steps; ++t) {
        draw_poisson({3, 5, t}, 0.8F, pixels, spikes);
        for (std::size_t i = 0; i < pixels.size(); ++i) sums[i] += static_cast<double>(spikes[i]);
    }
    const std::vector<double> expected = {0.2, -0.6, 0, 0.8, 1};
    for (std::size_t i = 0; i < pixels.size(); ++i)  // four standard deviations
        EXPECT_NEAR(sums[i] / n_steps, expected[i], 4 * 0.5 / std::sqrt(double{n_steps}));
}

TEST(PoissonInput, SeedSampleStepAndPixelEachChangeTheDraw) {
    const std::vector<float> pixels(64, 0.5F);
    const auto draw = [&](const PoissonDraw& which) {
        std::vector<float> spikes(pixels.size());
        draw_poisson(which, 1, pixels, spikes);
        return spikes;
    };
    const std::vector<float> first = draw({1, 2, 3});
    EXPECT_EQ(draw({1, 2, 3}), first);
    EXPECT_NE(draw({2, 2, 3}), first);
    EXPECT_NE(draw({1, 3, 3}), first);
    EXPECT_NE(draw({1, 2, 4}), first);
    EXPECT_NE(draw({1, 2 + (std::uint64_t{1} << 32), 3}), first);
    EXPECT_NE(std::vector<float>(first.begin(), first.begin() + 32),
              std::vector<float>(first.begin() + 32, first.end()));
}

}  // namespace
}  // namespace ranvier
