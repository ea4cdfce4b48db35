#include "ranvier/convert/base_choice.hpp"

#include "ranvier/base/error.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <rapidcheck/gtest.h>

namespace ranvier {
namespace {

/// What a one-spike neuron of peak 1 makes of `x`, by asking every phase in turn.
double coded(double x, double base, int steps, const CodeErrorOptions& options) {
    for (int k = 0; k < steps; ++k) {
        const double worth = std::pow(base, -(k + options.first_phase));
        const double threshold = options.threshold_shift ? worth * (1 + 1 / base) / 2 : worth;
        if (x >= threshold) return worth;
    }
    return 0;
}

/// Equation 5 as a plain midpoint sum that knows nothing of the thresholds.
double summed_error(double base, int steps, const CodeErrorOptions& options, int n = 400'000) {
    double error = 0, total = 0;
    for (int i = 0; i < n; ++i) {
        const double x = (i + 0.5) / n;
        const double z = (x - options.mean) / options.deviation;
        const double density = std::exp(-z * z / 2);
        error += std::abs(x - coded(x, base, steps, options)) / x * density;
        total += density;
    }
    return 100 * error / total;
}

TEST(CodeError, OnePhaseByHand) {
    // Almost uniform density. Q = 2, T = 1, no shift: silent below 1/2, then code 1/2, so
    // 1/2 + integral over (1/2, 1) of (x - 1/2) / x = 1/2 + 1/2 - ln(2) / 2.
    CodeErrorOptions options;
    options.deviation = 1e5;
    options.threshold_shift = false;
    EXPECT_NEAR(code_error(2, 1, options), 100 * (1 - std::log(2) / 2), 1e-6);
    // With shift it fires from 3/8 on: 3/8 + (ln(4/3) / 2 - 1/8) + (1/2 - ln(2) / 2).
    options.threshold_shift = true;
    EXPECT_NEAR(code_error(2, 1, options),
                100 * (0.375 + std::log(4.0 / 3) / 2 - 0.125 + 0.5 - std::log(2) / 2), 1e-6);
    // Phase 0 is worth 1 and taken from 3/4 on: 3/4 + ln(4/3) - 1/4.
    options.first_phase = 0;
    EXPECT_NEAR(code_error(2, 1, options), 100 * (0.75 + std::log(4.0 / 3) - 0.25), 1e-6);
}

RC_GTEST_PROP(CodeError, EqualsAPlainSum, ()) {
    CodeErrorOptions options;
    options.mean = *rc::gen::inRange(-3, 14) / 10.0;
    options.deviation = *rc::gen::inRange(2, 40) / 20.0;
    options.threshold_shift = *rc::gen::arbitrary<bool>();
    options.first_phase = *rc::gen::inRange(0, 2);
    const double base = 1 + *rc::gen::inRange(5, 300) / 100.0;
    const int steps = *rc::gen::inRange(1, 40);
    // The sum is off by about one cell of 1 / n at each of the thresholds.
    RC_ASSERT(std::abs(code_error(base, steps, options) -
                       summed_error(base, steps, options, 100'000)) < 0.05);
}

/// The best of 1.05, 1.10, ..., 2.00.
double best_of_grid(int steps, const CodeErrorOptions& options) {
    int best = 1;
    for (int k = 1; k <= 20; ++k)
        if (code_error(1 + k / 20.0, steps, options) < code_error(1 + best / 20.0, steps, options))
            best = k;
    return 1 + best / 20.0;
}

TEST(CodeError, ThePapersChoices) {
    CodeErrorOptions options;
    EXPECT_DOUBLE_EQ(best_of_grid(16, options), 1.30);
    EXPECT_DOUBLE_EQ(best_of_grid(24, options), 1.20);
    EXPECT_NEAR(code_error(1.3, 16, options), 9.0, 0.05);
    EXPECT_NEAR(code_error(1.2, 24, options), 6.4, 0.05);
    options.first_phase = 0;
    EXPECT_DOUBLE_EQ(best_of_grid(16, options), 1.30);
    EXPECT_DOUBLE_EQ(best_of_grid(24, options), 1.20);
    EXPECT_NEAR(code_error(1.3, 16, options), 8.4, 0.05);
    EXPECT_NEAR(code_error(1.2, 24, options), 6.1, 0.05);
    // A narrow Gaussian wants more range: the reason to take deviation 1
    // (docs/methods/one_spike.md).
    options = {};
    options.deviation = 0.3;
    EXPECT_GT(best_of_grid(16, options), 1.3);
}

TEST(CodeError, RefusesWhatCannotBe) {
    EXPECT_THROW((void)code_error(1, 16), Error);
    EXPECT_THROW((void)code_error(NAN, 16), Error);
    EXPECT_THROW((void)code_error(1.3, 0), Error);
    EXPECT_THROW((void)best_base(0), Error);
    CodeErrorOptions options;
    options.deviation = 0;
    EXPECT_THROW((void)code_error(1.3, 16, options), Error);
    options = {};
    options.mean = 1000;  // nothing between 0 and 1
    EXPECT_THROW((void)code_error(1.3, 16, options), Error);
    options = {};
    options.first_phase = 2;
    EXPECT_THROW((void)code_error(1.3, 16, options), Error);
}

TEST(BestBase, NothingNearIsBetter) {
    for (const int steps : {1, 2, 4, 8, 16, 24, 48, 200}) {
        const double base = double{best_base(steps)};
        EXPECT_GT(base, 1);
        EXPECT_LT(base, 16);
        const double error = code_error(base, steps);
        for (double factor = 0.2; factor < 5; factor *= 1.02)
            EXPECT_GE(code_error(1 + (base - 1) * factor, steps), error - 1e-3)
                << steps << " steps, base " << base << ", factor " << factor;
    }
    EXPECT_NEAR(best_base(16), 1.28, 0.02);
    EXPECT_NEAR(best_base(24), 1.20, 0.02);
}

TEST(BestBase, MorePhasesMeanASmallerBase) {
    float base = 16;
    for (int steps = 1; steps < 2000; steps *= 3) {
        EXPECT_LT(best_base(steps), base) << steps;
        base = best_base(steps);
    }
    EXPECT_GT(best_base(4096), 1);
}

}  // namespace
}  // namespace ranvier
