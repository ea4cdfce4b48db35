// One-spike networks that wait any number of phases, spike by spike and phase by phase.
#include "ranvier/base/error.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_test_networks.hpp"
#include "ranvier/sim/one_spike_oracle.hpp"
#include "ranvier/sim/one_spike_test_networks.hpp"
#include "ranvier/sim/reference_run.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include "tests/support/property.hpp"
#include <cmath>
#include <rapidcheck.h>

namespace ranvier {
namespace {

using testing::append;

/// What every layer emitted at every step, as the reference simulator has it.
struct Simulated {
    std::vector<std::vector<std::vector<float>>> emitted;  ///< [n_steps][n_layers][size]
    std::vector<float> logits;
};

Simulated simulate(const Network& network, std::span<const float> image) {
    const ReferencePlan plan(network);
    ReferenceRun run(plan);
    run.start(image);
    Simulated result;
    for (int step = 0; step < plan.n_steps; ++step) {
        run.step();
        result.emitted.emplace_back();
        for (std::size_t l = 0; l < network.layers.size(); ++l)
            result.emitted.back().push_back(run.emitted(l));
    }
    result.logits = run.logits();
    return result;
}

/// Spikes of all neurons, and how many of them the oracle took over at a tie.
struct Comparison {
    std::size_t spikes = 0;
    std::size_t ties = 0;
};

/// Fails where the simulator's spikes are not the oracle's.
Comparison compare(const Network& network, std::span<const float> image, double margin) {
    const Simulated got = simulate(network, image);
    const TieRule tie = [&](std::size_t l, int step, std::size_t i) {
        return got.emitted[static_cast<std::size_t>(step)][l][i] != 0;
    };
    const OracleResult expected = one_spike_oracle(network, image, margin, tie);
    Comparison comparison;
    comparison.ties = expected.n_ties;
    EXPECT_EQ(got.emitted.size(), expected.emitted[0].size());
    std::vector<double> logits(got.logits.size());
    for (std::size_t step = 0; step < got.emitted.size(); ++step) {
        for (std::size_t k = 0; k < logits.size(); ++k)
            logits[k] += expected.emitted.back()[step][k];
        for (std::size_t l = 0; l < network.layers.size(); ++l) {
            const Layer& layer = network.layers[l];
            if (layer.as<Activation>() == nullptr && layer.as<MaxPool>() == nullptr) continue;
            for (std::size_t i = 0; i < got.emitted[step][l].size(); ++i) {
                const double want = expected.emitted[l][step][i];
                const double have = double{got.emitted[step][l][i]};
                if (have != 0) ++comparison.spikes;
                EXPECT_NEAR(have, want, 1e-6 * want)
                    << "layer " << layer.name << " step " << step << " neuron " << i;
            }
        }
    }
    for (std::size_t k = 0; k < logits.size(); ++k)
        EXPECT_NEAR(double{got.logits[k]}, logits[k], 1e-4) << "output " << k;
    return comparison;
}

TEST(Wait, RandomNetworksFireAsAlgorithm1Says) {
    Comparison total;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        Random random(seed, 11);
        const int steps = 4 + static_cast<int>(random.below(13));
        const float base = seed % 3 == 0 ? 2.0F : (seed % 3 == 1 ? 1.3F : 1.15F);
        Network network = random_one_spike_network(seed, steps, base);
        const int waits[] = {0, 1, steps / 2, steps - 1, steps, steps + 3};
        network.timing.wait = waits[seed % 6];
        if (seed % 5 == 0) {
            network.timing.input = InputCoding::one_spike_phase;
            network.timing.input_base = base;
        }
        // Sums of float spikes stay within 1e-5 of the true ones; nearer to a threshold than that,
        // rounding decides.
        const Comparison one = compare(network, random_images(network, 1, seed).values, 1e-5);
        ASSERT_FALSE(HasFailure()) << "seed " << seed << " wait " << network.timing.wait;
        total.spikes += one.spikes;
        total.ties += one.ties;
    }
    EXPECT_GT(total.spikes, 10000U);
    EXPECT_LT(total.ties, total.spikes / 200);
}

TEST(Wait, ExactSumsFireAsAlgorithm1SaysTiesIncluded) {
    testing::check_property([] {
        const auto seed = *rc::gen::inRange<std::uint64_t>(1, 100000);
        const int steps = *rc::gen::inRange(1, 6);
        Network network = dyadic_one_spike_network(seed, steps);
        network.timing.wait = *rc::gen::inRange(0, steps + 2);
        std::vector<float> image(static_cast<std::size_t>(network.input().shape.size()));
        Random random(seed, 4);
        for (float& p : image) p = static_cast<float>(random.below(9)) / 8;
        RC_ASSERT(compare(network, image, 0).ties == 0U);
        RC_ASSERT(!::testing::Test::HasFailure());
    });
}

/// One pixel -> weight 1 -> neuron a -> weights -> neuron b -> output, peaks 1, base 2.
Network chain(int steps, int wait, float weight_b, float bias_b) {
    Network network;
    append(network, "input", Input{{2, 1, 1}, {}, {}});
    append(network, "first", Linear{Tensor({2, 2}, {1, 0, 0, 1}), {}});
    append(network, "a", Activation{});
    append(network, "second", Linear{Tensor({1, 2}, {1, weight_b}), Tensor({1}, {bias_b})});
    append(network, "b", Activation{});
    append(network, "output", Output{});
    make_one_spike(network, steps, 2.0F, [] { return 1.0F; });
    network.timing.wait = wait;
    return network;
}

/// The phase in which neuron `index` of a layer at `depth` fires; 0: it does not.
int phase_of(const Network& network, const std::vector<float>& image, const char* layer, int depth,
             std::size_t index = 0) {
    const Simulated run = simulate(network, image);
    for (std::size_t l = 0; l < network.layers.size(); ++l)
        for (std::size_t step = 0; step < run.emitted.size(); ++step)
            if (network.layers[l].name == layer && run.emitted[step][l][index] != 0)
                return static_cast<int>(step) - depth * network.timing.wait;
    return 0;
}

// Both neurons a get 0.25 and fire in their phase 2; b gets 0.5 and should fire in its phase 1.
// With W = 1 it has seen in its phase tau what came up to phase tau + 1: it is in time. With W = 0
// its input comes in its phase 2, when 0.5 is still above the threshold: late by one phase.
TEST(Wait, LateSpike) {
    const std::vector<float> image = {0.25F, 0.25F};
    EXPECT_EQ(phase_of(chain(4, 4, 1, 0), image, "b", 2), 1);
    EXPECT_EQ(phase_of(chain(4, 1, 1, 0), image, "b", 2), 1);
    EXPECT_EQ(phase_of(chain(4, 0, 1, 0), image, "a", 1), 2);
    EXPECT_EQ(phase_of(chain(4, 0, 1, 0), image, "b", 2), 2) << "worth 1/4 instead of 1/2";
}

// Neurons a get 0.5 and 0.25, and b the difference of 0.5 and twice 0.25: nothing, so it should
// stay silent. It has seen only the first one's spike if it fires before the second one's phase.
TEST(Wait, FalseSpike) {
    const std::vector<float> image = {0.5F, 0.25F};
    EXPECT_EQ(phase_of(chain(4, 4, -2, 0), image, "b", 2), 0);
    EXPECT_EQ(phase_of(chain(4, 1, -2, 0), image, "b", 2), 0);
    EXPECT_EQ(phase_of(chain(4, 0, -2, 0), image, "b", 2), 1);
    // The bias is there from the beginning and keeps it silent.
    EXPECT_EQ(phase_of(chain(4, 0, -2, -0.5F), image, "b", 2), 0);
}

// Arrivals after it fired neither stop a neuron nor make it fire again.
TEST(Wait, ANeuronThatFiredIgnoresWhatComes) {
    const Network network = chain(4, 0, 1, 0);
    const Simulated run = simulate(network, std::vector<float>{0.5F, 0.25F});
    int spikes = 0;
    for (const auto& step : run.emitted) spikes += step[4][0] != 0 ? 1 : 0;
    EXPECT_EQ(spikes, 1);
    EXPECT_EQ(phase_of(network, {0.5F, 0.25F}, "b", 2), 1);
}

// Two neurons in one window with W = 0: the first spike passes, the second is ignored.
TEST(Wait, MaxPoolPassesTheFirstSpike) {
    Network network;
    append(network, "input", Input{{1, 1, 2}, {}, {}});
    append(network, "shift", AveragePool{});  // 1x1: the pixels as currents
    append(network, "a", Activation{});
    MaxPool pool;
    pool.window.kernel_w = pool.window.stride_w = 2;
    append(network, "pool", pool);
    append(network, "output", Output{});
    make_one_spike(network, 4, 2.0F, [] { return 1.0F; });
    network.timing.wait = 0;
    const Simulated run = simulate(network, std::vector<float>{0.125F, 0.25F});
    EXPECT_EQ(run.logits, std::vector<float>{0.25F});
}

TEST(Wait, AMaxPoolOfPixelsIsRefused) {
    Network network;
    append(network, "input", Input{{1, 2, 2}, {0.5F}, {0.5F}});
    append(network, "pool", testing::max_pool2());
    append(network, "neurons", Activation{});
    append(network, "output", Output{});
    make_one_spike(network, 4, 2.0F, [] { return 1.0F; });
    EXPECT_THROW(ReferencePlan{network}, Error) << "pixels have a constant part and several spikes";
}

// W below T must make a difference somewhere, or nothing above was tested.
TEST(Wait, ShortWaitsChangeSpikes) {
    int n_changed = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Network network = random_one_spike_network(seed, 12, 1.3F);
        const auto image = random_images(network, 1, seed).values;
        const std::vector<float> full = simulate(network, image).logits;
        network.timing.wait = 14;
        EXPECT_EQ(simulate(network, image).logits, full) << "nothing arrives after T phases";
        network.timing.wait = 3;
        if (simulate(network, image).logits != full) ++n_changed;
    }
    EXPECT_GE(n_changed, 5);
}

}  // namespace
}  // namespace ranvier
