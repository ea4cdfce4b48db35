#include "ranvier/energy/spike_costs.hpp"

#include "ranvier/energy/ledger.hpp"

#include <gtest/gtest.h>

#include "tests/support/images.hpp"
#include "tests/support/networks.hpp"

namespace ranvier {
namespace {

using namespace testing;

Network spiking_branches(std::uint64_t seed, Propagation propagation, InputCoding input) {
    Network network = branched_network(seed);
    network.timing.steps = 7;
    network.timing.propagation = propagation;
    network.timing.input = input;
    for (Layer& layer : network.layers)
        if (auto* activation = layer.as<Activation>())
            activation->neuron.kind = NeuronKind::integrate_fire;
    return network;
}

TEST(SpikeCosts, HandCheckedPlanes) {
    Network network;
    append(network, "in", Input{{1, 3, 3}, {}, {}});
    append(network, "conv", convolution3x3(Tensor({2, 1, 3, 3})));
    append(network, "neurons", Activation{});
    append(network, "flat", Flatten{});
    append(network, "fc", Linear{Tensor({5, 18}), {}});
    append(network, "out", Output{});
    const SpikeCosts costs = spike_costs(network, true);
    // A corner reaches 2 x 2 places of two channels each, an edge 2 x 3, the middle 3 x 3.
    EXPECT_EQ(costs[0], (std::vector<std::uint32_t>{8, 12, 8, 12, 18, 12, 8, 12, 8}));
    EXPECT_TRUE(costs[1].empty());
    EXPECT_EQ(costs[2], std::vector<std::uint32_t>(9, 5));
    EXPECT_TRUE(spike_costs(network, false)[0].empty());
}

/// The reference simulator's steps, added up, are the ledger's count of a run that ends there.
TEST(SpikeCosts, EachStepIsTheLedgersDifference) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
        for (const Propagation propagation : {Propagation::same_step, Propagation::delayed})
            for (const InputCoding input : {InputCoding::direct, InputCoding::poisson}) {
                const Network network = spiking_branches(seed, propagation, input);
                Random random(seed, 3);
                Tensor pixels({3, 2, 6, 6});
                for (float& v : pixels.values) v = random.uniform();
                const TestImages samples(pixels, 3);
                const auto engine = make_reference_simulator(network);
                const SpikeCosts costs = spike_costs(network, input == InputCoding::poisson);
                SimulationOptions options;
                options.n_threads = 1;
                options.spike_costs = &costs;
                const SimulationResult whole = engine->run(samples, options, no_progress());
                ASSERT_EQ(whole.cost_at.size(), 7U);
                double sum = 0;
                for (int t = 1; t <= 7; ++t) {
                    options.steps = t;
                    const SimulationResult part = engine->run(samples, options, no_progress());
                    sum += static_cast<double>(whole.cost_at[static_cast<std::size_t>(t - 1)]);
                    EXPECT_NEAR(sum / 3, spiking_ledger(network, part, {}).synops, 1e-6 * sum)
                        << "seed " << seed << ", " << t << " steps";
                }
                EXPECT_GT(sum, 0);
            }
}

}  // namespace
}  // namespace ranvier
