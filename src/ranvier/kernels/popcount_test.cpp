#include "ranvier/kernels/popcount.hpp"

#include "ranvier/kernels/isa_test_loop.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <bit>
#include <rapidcheck.h>
#include <vector>

namespace ranvier {
namespace {

TEST(Popcount, ByHand) {
    std::vector<std::uint32_t> weights(2 * popcount_lanes);
    weights[3] = 0b1011;                     // word 0 of channel 3
    weights[popcount_lanes + 3] = ~0U;       // word 1
    weights[popcount_lanes + 4] = 1U << 31;  // channel 4
    const std::uint32_t spikes[] = {0b1110, 0x80000001U, 0, 0};
    on_every_isa([&](const std::string& isa) {
        std::int32_t out[2][20] = {};
        const std::int32_t totals[] = {5, 0};
        and_popcount(weights.data(), {spikes, totals, 2, 2}, out[0], 20);
        for (std::size_t c = 0; c < popcount_lanes; ++c) {
            EXPECT_EQ(out[0][c], 2 * (c == 3 ? 4 : c == 4 ? 1 : 0) - 5) << isa;
            EXPECT_EQ(out[1][c], 0) << isa;
        }
    });
}

TEST(Popcount, EveryInstructionSetCountsExactly) {
    testing::check_property([] {
        const auto n_words = *rc::gen::inRange<std::size_t>(0, 70);
        const auto n_steps = *rc::gen::inRange<std::size_t>(0, 9);
        const auto full = *rc::gen::inRange(0, 4) == 0;
        const auto word = [full] { return full ? ~0U : *rc::gen::arbitrary<std::uint32_t>(); };
        std::vector<std::uint32_t> weights(n_words * popcount_lanes), spikes(n_words * n_steps);
        for (auto& w : weights) w = word();
        for (auto& s : spikes) s = word();
        const std::size_t stride = 16 + *rc::gen::inRange<std::size_t>(0, 3);
        std::vector<std::int32_t> expected(n_steps * stride, -5), out;
        std::vector<std::int32_t> totals(n_steps);
        for (std::size_t s = 0; s < n_steps; ++s)
            for (std::size_t k = 0; k < n_words; ++k)
                totals[s] += std::popcount(spikes[s * n_words + k]);
        const PackedSpikes packed{spikes.data(), totals.data(), n_words, n_steps};
        and_popcount_reference(weights.data(), packed, expected.data(), stride);
        on_every_isa([&](const std::string&) {
            out.assign(expected.size(), -5);
            and_popcount(weights.data(), packed, out.data(), stride);
            RC_ASSERT(out == expected);
        });
    });
}

}  // namespace
}  // namespace ranvier
