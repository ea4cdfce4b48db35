#include "ranvier/sim/reference_run.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/sim/float_reference.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include <cmath>

namespace ranvier {
namespace {

using namespace testing;

/// Every ReLU becomes an integrate-and-fire neuron with threshold 1.
Network with_neurons(Network network, Reset reset, Propagation propagation, int steps) {
    for (Layer& layer : network.layers)
        if (auto* activation = layer.as<Activation>()) {
            activation->neuron.kind = NeuronKind::integrate_fire;
            activation->neuron.reset = reset;
        }
    network.timing.steps = steps;
    network.timing.propagation = propagation;
    return network;
}

struct BsnnCase {
    const char* folder;
    const char* mode;
    Propagation propagation;
    Reset reset;
};

class BsnnOracle : public ::testing::TestWithParam<BsnnCase> {};

void expect_equal_at(const Tensor& expected, int step, const std::vector<float>& got,
                     float tolerance, const char* what) {
    for (std::size_t i = 0; i < got.size(); ++i)
        ASSERT_NEAR(got[i], expected.values[static_cast<std::size_t>(step) * got.size() + i],
                    tolerance)
            << what << " step " << step << " place " << i;
}

TEST_P(BsnnOracle, SpikesMembranesAndSumAgree) {
    const BsnnCase& c = GetParam();
    RANVIER_NEEDS_ORACLE(c.folder);
    const std::string prefix =
        std::string(c.mode) + (c.reset == Reset::subtract ? "_sif_" : "_rif_");
    const auto load = [&](const std::string& name) {
        return read_npy(oracle(c.folder) / (prefix + name + ".npy"));
    };
    const Tensor image = read_npy(oracle(c.folder) / "images.npy");
    const ReferencePlan plan(
        with_neurons(bsnn_network(c.folder, "after", true), c.reset, c.propagation, 40));
    const ReferencePlan summing(
        with_neurons(bsnn_network(c.folder, "after", false), c.reset, c.propagation, 40));
    std::vector<std::size_t> populations;  // the oracle counts populations with neurons, in order
    for (std::size_t l = 0; l < plan.shapes.size(); ++l)
        if (plan.network.layers[l].as<Activation>() != nullptr) populations.push_back(l);
    ReferenceRun run(plan);
    ReferenceRun sum(summing);
    run.start(image.values);
    sum.start(image.values);
    std::vector<Tensor> spikes;
    for (std::size_t p = 1; p <= populations.size(); ++p)
        spikes.push_back(load("spikes" + std::to_string(p)));
    const Tensor summed = load("summed");
    for (int t = 0; t < 40; ++t) {
        run.step();
        sum.step();
        for (std::size_t p = 0; p < populations.size(); ++p)
            expect_equal_at(spikes[p], t, run.emitted(populations[p]), 0, "spikes");
        expect_equal_at(summed, t, sum.logits(), 5e-5F, "summed");
    }
    for (std::size_t p = 0; p < 4; ++p)  // the oracle keeps the first four
        expect_equal_at(load("membrane_last" + std::to_string(p + 1)), 0,
                        run.membrane(populations[p]), 5e-5F, "membrane");
}

INSTANTIATE_TEST_SUITE_P(
    All, BsnnOracle,
    ::testing::Values(
        BsnnCase{"bsnn_conversion", "delayed", Propagation::delayed, Reset::subtract},
        BsnnCase{"bsnn_conversion", "delayed", Propagation::delayed, Reset::zero},
        BsnnCase{"bsnn_conversion", "onestep", Propagation::same_step, Reset::subtract},
        BsnnCase{"bsnn_conversion_pool_after_relu", "delayed", Propagation::delayed,
                 Reset::subtract},
        BsnnCase{"bsnn_conversion_pool_after_relu", "delayed", Propagation::delayed, Reset::zero},
        BsnnCase{"bsnn_conversion_pool_after_relu", "onestep", Propagation::same_step,
                 Reset::subtract}));

TEST(ReferenceRun, RateCodeConvergesToTheFloatNetwork) {
    // Spike count * threshold / T differs from the activation by at most one spike of each input
    // that is still in the membrane, so the error falls as 1 / T.
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        Network network = branched_network(seed);
        const auto image = test_image(network, seed);
        const std::vector<float> expected = reference_forward(network, image).back();
        for (Layer& layer : network.layers)
            if (auto* activation = layer.as<Activation>()) {
                activation->neuron.kind = NeuronKind::integrate_fire;
                activation->neuron.threshold = activation->neuron.amplitude = {16.0F};
            }
        double last_error = 0;
        for (const int steps : {100, 6400}) {
            network.timing.steps = steps;
            const ReferencePlan plan(network);
            ReferenceRun run(plan);
            run.start(image);
            for (int t = 0; t < steps; ++t) run.step();
            double error = 0;
            for (std::size_t k = 0; k < expected.size(); ++k)
                error = std::max(error, std::abs(double{run.logits()[k]} / steps - expected[k]));
            if (steps == 6400) {
                EXPECT_LT(error, 0.02) << "seed " << seed << " with 100 steps " << last_error;
            }
            last_error = error;
        }
    }
}

/// The one-spike network computed directly: every ReLU output replaced by its nearest phase value.
std::vector<float> rounded_forward(const Network& network, const std::vector<float>& image,
                                   double base, int steps, float peak) {
    std::vector<float> pixels = image;
    const double scale = std::ldexp(1.0, steps);
    for (float& p : pixels)
        p = static_cast<float>(std::min(std::nearbyint(p * scale), scale - 1) / scale);
    const auto encode = [&](std::size_t, std::size_t, float a) {
        for (int t = 1; t <= steps; ++t)
            if (a >= peak * (1 + 1 / base) / 2 * std::pow(base, -t))
                return static_cast<float>(peak * std::pow(base, -t));
        return 0.0F;
    };
    return reference_forward(network, pixels, encode).back();
}

TEST(ReferenceRun, OneSpikeEqualsRoundingEveryActivation) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Network network = branched_network(seed);
        const auto image = test_image(network, seed);
        const float peak = 6.0F;
        const std::vector<float> expected = rounded_forward(network, image, 1.3, 16, peak);
        for (Layer& layer : network.layers)
            if (auto* activation = layer.as<Activation>()) {
                activation->neuron.kind = NeuronKind::one_spike;
                activation->neuron.base = 1.3F;
                activation->neuron.threshold = activation->neuron.amplitude = {peak};
            }
        network.timing = {16, 16, InputCoding::binary_phase, Propagation::same_step};
        const ReferencePlan plan(network);
        ReferenceRun run(plan);
        run.start(image);
        for (int t = 0; t < plan.n_steps; ++t) run.step();
        for (std::size_t k = 0; k < expected.size(); ++k)
            EXPECT_NEAR(run.logits()[k], expected[k], 1e-4F)
                << "seed " << seed;  // sums of 90 floats
        const auto counts = run.spike_counts();
        for (std::size_t l = 1; l < counts.size(); ++l) {
            for (const std::uint64_t n : counts[l]) EXPECT_LE(n, 1U) << "layer " << l;
        }
    }
}

TEST(ReferenceRun, MaxPoolEmitsTheLargestCount) {
    Network network;
    append(network, "input", Input{{1, 2, 2}, {}, {}});
    append(network, "relu", Activation{});
    append(network, "pool", max_pool2());
    append(network, "output", Output{});
    network = with_neurons(network, Reset::subtract, Propagation::same_step, 20);
    for (const MaxRule rule : {MaxRule::running_count, MaxRule::current_step}) {
        network.layers[2].as<MaxPool>()->rule = rule;
        const ReferencePlan plan(network);
        ReferenceRun run(plan);
        run.start(std::vector<float>{0.25F, 0.5F, 0.3F, 0.0F});
        for (int t = 0; t < 20; ++t) run.step();
        // 20 steps at rate 0.5; with the other rule the spikes of several inputs add up.
        const bool counting = rule == MaxRule::running_count;
        EXPECT_EQ(run.logits()[0] == 10.0F, counting);
        EXPECT_GE(run.logits()[0], 10.0F);
    }
}

TEST(ReferenceRun, StartForgetsTheLastImage) {
    Network network =
        with_neurons(branched_network(3), Reset::subtract, Propagation::same_step, 30);
    const ReferencePlan plan(network);
    ReferenceRun run(plan);
    const auto logits = [&](ReferenceRun& r, std::uint64_t seed) {
        r.start(test_image(network, seed));
        for (int t = 0; t < 30; ++t) r.step();
        return r.logits();
    };
    ReferenceRun fresh(plan);
    const auto expected = logits(fresh, 8);
    (void)logits(run, 7);
    EXPECT_EQ(logits(run, 8), expected);
}

TEST(ReferenceRun, PresentedFramesReplaceTheImageFromTheNextStepOn) {
    Network network;
    append(network, "input", Input{{1, 1, 1}, {}, {}});
    append(network, "relu", Activation{});
    append(network, "output", Output{});
    // A delayed input and a delayed neuron shift everything by two steps.
    for (const auto propagation : {Propagation::same_step, Propagation::delayed}) {
        const ReferencePlan plan(with_neurons(network, Reset::subtract, propagation, 8));
        ReferenceRun run(plan);
        run.start(std::vector<float>{0.0F});
        std::vector<float> sums;
        for (int t = 0; t < 8; ++t) {
            if (t == 2) run.present(std::vector<float>{1.0F});
            if (t == 4) run.present(std::vector<float>{0.5F});
            run.step();
            sums.push_back(run.logits()[0]);
        }
        if (propagation == Propagation::same_step)
            EXPECT_EQ(sums, (std::vector<float>{0, 0, 1, 2, 2, 3, 3, 4}));
        else
            EXPECT_EQ(sums, (std::vector<float>{0, 0, 0, 0, 1, 2, 2, 3}));
    }
}

TEST(ReferencePlan, RefusesWhatIsNotSpiking) {
    EXPECT_THROW(ReferencePlan{branched_network(1)}, Error);
    Network network = branched_network(1);
    network.timing.steps = 8;
    EXPECT_THROW(ReferencePlan{network}, Error) << "ReLU left";
    network = with_neurons(branched_network(1), Reset::subtract, Propagation::same_step, 8);
    network.timing.input = InputCoding::binary_phase;
    EXPECT_THROW(ReferencePlan{network}, Error) << "phase input with rate neurons";
}

}  // namespace
}  // namespace ranvier
