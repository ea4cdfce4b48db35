#include "ranvier/sim/neuron_step.hpp"

#include <gtest/gtest.h>

#include "tests/support/npy.hpp"
#include "tests/support/property.hpp"
#include <cmath>
#include <rapidcheck.h>

namespace ranvier {
namespace {

using testing::oracle;
using testing::read_npy;

/// Feeds the oracle's currents [steps][neurons] and compares spikes and membranes after every step.
/// @param membrane_tolerance  0 where the arithmetic is the same.
template <typename Step>
void expect_oracle(const std::string& name, const char* spikes_file, float membrane_tolerance,
                   Step step) {
    const Tensor current = read_npy(oracle(name) / "input_current.npy");
    const Tensor spikes = read_npy(oracle(name) / spikes_file);
    const Tensor membrane = read_npy(oracle(name) / "membrane_after.npy");
    const auto n = static_cast<std::size_t>(current.dims[1]);
    std::vector<float> u(n, 0.0F);
    float total = 0;
    for (std::size_t i = 0; i < current.size(); ++i) {
        const auto emitted = static_cast<float>(step(u[i % n], current.values[i]));
        ASSERT_EQ(emitted, spikes.values[i]) << "step " << i / n << " neuron " << i % n;
        ASSERT_NEAR(u[i % n], membrane.values[i], membrane_tolerance);
        total += emitted;
    }
    EXPECT_GT(total, 0);
}

TEST(IntegrateFire, AgreesWithTheOracleSubtracting) {
    RANVIER_NEEDS_ORACLE("n1_sif");
    expect_oracle("n1_sif", "spikes.npy", 0,
                  [](float& u, float i) { return step_integrate_fire(u, i, 1, Reset::subtract); });
}

TEST(IntegrateFire, AgreesWithTheOracleResettingToZero) {
    RANVIER_NEEDS_ORACLE("n1_rif");
    expect_oracle("n1_rif", "spikes.npy", 0,
                  [](float& u, float i) { return step_integrate_fire(u, i, 1, Reset::zero); });
}

TEST(MultiSpike, AgreesWithTheOracles) {
    RANVIER_NEEDS_ORACLE("n4_nobound");
    expect_oracle("n4_nobound", "spike_counts.npy", 0,
                  [](float& u, float i) { return step_multi_spike(u, i, 1, std::nullopt); });
    // With a bound the oracle computes relu(u - b) + b, which rounds differently.
    expect_oracle("n4_low_minus1", "spike_counts.npy", 2e-6F,
                  [](float& u, float i) { return step_multi_spike(u, i, 1, -1.0F); });
    expect_oracle("n4_thr075_low_minus05", "spike_counts.npy", 2e-6F,
                  [](float& u, float i) { return step_multi_spike(u, i, 0.75F, -0.5F); });
}

TEST(IntegrateFire, HandCheckedCase) {
    float u = 0;
    EXPECT_EQ(step_integrate_fire(u, 0.75F, 1, Reset::subtract), 0);
    EXPECT_EQ(step_integrate_fire(u, 0.75F, 1, Reset::subtract), 1);
    EXPECT_EQ(u, 0.5F);
    EXPECT_EQ(step_integrate_fire(u, 0.5F, 1, Reset::zero), 1) << "a tie fires";
    EXPECT_EQ(u, 0.0F);
}

TEST(LeakyDelayed, FiresOneStepLateAndOnlyAboveTheThreshold) {
    float u = 0;
    EXPECT_EQ(step_leaky_delayed(u, 1.0F, 1, 0.5F), 0) << "the input has not been integrated yet";
    EXPECT_EQ(step_leaky_delayed(u, 1.0F, 1, 0.5F), 0) << "u = v: a tie does not fire";
    EXPECT_EQ(u, 1.5F);
    EXPECT_EQ(step_leaky_delayed(u, 0.0F, 1, 0.5F), 1);
    EXPECT_EQ(u, -0.25F);
}

TEST(LeakySameStep, FiresInTheStepAndOnlyAboveTheThreshold) {
    float u = 0;
    EXPECT_EQ(step_leaky_same_step(u, 1.0F, 1, 0.5F), 0) << "u = v: a tie does not fire";
    EXPECT_EQ(step_leaky_same_step(u, 1.0F, 1, 0.5F), 1);
    EXPECT_EQ(u, 0.5F);
    EXPECT_EQ(step_leaky_same_step(u, 1.0F, 1, 0.5F, Reset::zero), 1);
    EXPECT_EQ(u, 0.0F);
}

TEST(IntegrateFire, SubtractingConservesCharge) {
    testing::check_property(
        "input = threshold * spikes + membrane", [](const std::vector<std::uint8_t>& inputs) {
            float u = 0;
            float sum = 0;
            int spikes = 0;
            for (const std::uint8_t raw : inputs) {  // sixteenths: exact in float
                const float current = static_cast<float>(raw) / 16.0F - 4.0F;
                sum += current;
                spikes += step_integrate_fire(u, current, 1.5F, Reset::subtract);
            }
            RC_ASSERT(sum == 1.5F * static_cast<float>(spikes) + u);
        });
}

TEST(OneSpike, PhaseIsTheNearestValue) {
    // Firing at the first phase whose threshold is reached picks the phase value closest to the
    // activation, among base^-1 ... base^-T and 0 in place of anything below the last midpoint.
    testing::check_property("nearest phase value", [] {
        const double base = 1.1 + *rc::gen::inRange(0, 90) / 100.0;
        const double a = *rc::gen::inRange(1, 10000) / 10000.0;
        int phase = 1;
        while (phase <= 16 && a < one_spike_threshold(base, phase, true)) ++phase;
        if (phase > 16) {
            RC_ASSERT(a < std::pow(base, -16));
            return;
        }
        const double error = std::abs(a - std::pow(base, -phase));
        for (int other = 1; other <= 16; ++other)
            RC_ASSERT(error <= std::abs(a - std::pow(base, -other)) + 1e-12);
    });
}

TEST(OneSpike, WithoutShiftRoundsDown) {
    EXPECT_DOUBLE_EQ(one_spike_threshold(2, 3, false), 0.125);
    EXPECT_DOUBLE_EQ(one_spike_threshold(2, 3, true), 0.09375);  // 0.75 * 2^-3
}

}  // namespace
}  // namespace ranvier
