#include "ranvier/kernels/phase_code.hpp"

#include "ranvier/kernels/isa_test_loop.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <cmath>
#include <limits>
#include <rapidcheck.h>
#include <vector>

namespace ranvier {
namespace {

/// Phases 1..steps of base `base` with threshold shift.
struct Code {
    Code(double base, int steps) {
        for (int k = 1; k <= steps; ++k) {
            threshold.push_back(static_cast<float>((1 + 1 / base) / 2 * std::pow(base, -k)));
            worth.push_back(static_cast<float>(std::pow(base, -k)));
        }
    }
    [[nodiscard]] PhaseCode view() const { return {threshold, worth}; }
    std::vector<float> threshold, worth;
};

TEST(PhaseCode, RoundsToTheNearestPhaseByHand) {
    const Code code(2, 3);  // worth 1/2 1/4 1/8, thresholds 3/8 3/16 3/32
    EXPECT_EQ(encode_phase(code.view(), 1.0F), 0.5F);
    EXPECT_EQ(encode_phase(code.view(), 0.375F), 0.5F);
    EXPECT_EQ(encode_phase(code.view(), 0.374F), 0.25F);
    EXPECT_EQ(encode_phase(code.view(), 0.1F), 0.125F);
    EXPECT_EQ(encode_phase(code.view(), 0.09F), 0.0F);
    EXPECT_EQ(encode_phase(code.view(), -1.0F), 0.0F);
    EXPECT_EQ(encode_phase(code.view(), std::numeric_limits<float>::quiet_NaN()), 0.0F);
}

TEST(PhaseCode, VectorsDoWhatTheScalarDoes) {
    testing::check_property([] {
        const Code code(*rc::gen::element(1.05, 1.2, 1.3, 1.6, 2.0), *rc::gen::inRange(1, 40));
        const auto n = *rc::gen::inRange<std::size_t>(0, 150);
        const auto numbers = [n](int low, int high) {
            std::vector<float> v(n);
            for (float& x : v) x = static_cast<float>(*rc::gen::inRange(low, high)) / 256.0F;
            return v;
        };
        const auto threshold = numbers(1, 1000);
        const auto amplitude = numbers(1, 1000);
        auto values = numbers(-200, 1000);
        // Some exactly at a boundary, where >= and > differ.
        for (std::size_t i = 0; i < n; i += 7)
            values[i] = threshold[i] * code.threshold[i % code.threshold.size()];
        std::vector<float> expected(n);
        std::vector<std::uint32_t> counts(n, 3), expected_counts(n, 3);
        for (std::size_t i = 0; i < n; ++i) {
            expected[i] = encode_phase(code.view(), values[i] / threshold[i]) * amplitude[i];
            expected_counts[i] += expected[i] != 0 ? 1U : 0U;
        }
        on_every_isa([&](const std::string&) {
            auto got = values;
            auto got_counts = counts;
            encode_phases(code.view(), threshold, amplitude, got, got_counts);
            RC_ASSERT(got == expected);
            RC_ASSERT(got_counts == expected_counts);
            count_nonzero(got, got_counts);
            for (std::size_t i = 0; i < n; ++i)
                RC_ASSERT(got_counts[i] == expected_counts[i] + (expected[i] != 0 ? 1U : 0U));
        });
    });
}

}  // namespace
}  // namespace ranvier
