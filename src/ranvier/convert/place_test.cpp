#include "ranvier/convert/place.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/sim/reference_run.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"

namespace ranvier {
namespace {

using namespace testing;

Network with_neurons(std::uint64_t seed, NeuronKind kind) {
    Network network = branched_network(seed);
    std::vector<std::vector<float>> peaks(network.layers.size());
    Random random(seed, 3);
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
        auto* activation = network.layers[l].as<Activation>();
        if (activation == nullptr) continue;
        activation->neuron.kind = kind;
        activation->neuron.base = 1.3F;
        for (std::size_t c = 0; c < (l == 2 ? 4U : 6U); ++c)
            peaks[l].push_back(random.uniform(0.5F, 3.0F));
    }
    place_thresholds(network, peaks);
    if (kind == NeuronKind::one_spike)
        network.timing = {16, 16, InputCoding::binary_phase, Propagation::same_step};
    else
        network.timing.steps = 50;
    return network;
}

struct Outcome {
    std::vector<float> logits;
    std::vector<std::vector<std::uint64_t>> spikes;  ///< of the neurons
};

Outcome outcome(const Network& network, std::uint64_t seed) {
    const ReferencePlan plan(network);
    ReferenceRun run(plan);
    run.start(test_image(network, seed));
    for (int t = 0; t < plan.n_steps; ++t) run.step();
    Outcome result{run.logits(), {}};
    const auto counts = run.spike_counts();
    for (std::size_t l = 0; l < counts.size(); ++l)
        if (network.layers[l].as<Activation>() != nullptr) result.spikes.push_back(counts[l]);
    return result;
}

TEST(NormalizeWeights, SameSpikesAndSameOutput) {
    for (const NeuronKind kind : {NeuronKind::integrate_fire, NeuronKind::one_spike})
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
            const Network placed = with_neurons(seed, kind);
            Network normalized = placed;
            normalize_weights(normalized);
            for (const Layer& layer : normalized.layers)
                if (const auto* activation = layer.as<Activation>()) {
                    EXPECT_EQ(activation->neuron.threshold, std::vector<float>{1});
                    EXPECT_EQ(activation->neuron.amplitude, std::vector<float>{1});
                }
            const Outcome expected = outcome(placed, seed);
            const Outcome got = outcome(normalized, seed);
            EXPECT_EQ(got.spikes, expected.spikes) << "seed " << seed;
            for (std::size_t k = 0; k < got.logits.size(); ++k)
                EXPECT_NEAR(got.logits[k], expected.logits[k], 2e-3F)
                    << "50 steps of 90 float sums";
        }
}

TEST(NormalizeWeights, ShortcutGetsItsOwnWeights) {
    Network normalized = with_neurons(1, NeuronKind::integrate_fire);
    const std::size_t before = normalized.layers.size();
    normalize_weights(normalized);
    EXPECT_EQ(normalized.layers.size(), before + 1)
        << "the sum's shortcut; the linear layer absorbs the rest";
}

TEST(NormalizeWeights, HandCheckedCase) {
    Network network;
    append(network, "input", Input{{1, 1, 1}, {}, {}});
    append(network, "fc1", Linear{Tensor({2, 1}, {3.0F, 4.0F}), Tensor({2}, {1.0F, 2.0F})});
    append(network, "relu", Activation{});
    append(network, "fc2", Linear{Tensor({1, 2}, {1.0F, 1.0F}), Tensor({1}, {5.0F})});
    append(network, "output", Output{});
    network.layers[2].as<Activation>()->neuron.kind = NeuronKind::integrate_fire;
    place_thresholds(network, {{}, {}, {2.0F, 8.0F}, {}, {}});
    normalize_weights(network);
    EXPECT_EQ(network.layers[1].as<Linear>()->weight.values, (std::vector<float>{1.5F, 0.5F}));
    EXPECT_EQ(network.layers[1].as<Linear>()->bias.values, (std::vector<float>{0.5F, 0.25F}));
    EXPECT_EQ(network.layers[3].as<Linear>()->weight.values, (std::vector<float>{2.0F, 8.0F}));
    EXPECT_EQ(network.layers[3].as<Linear>()->bias.values, (std::vector<float>{5.0F}));
}

TEST(PlaceThresholds, SilentChannelsAndLayersStayUsable) {
    Network network = branched_network(1);
    std::vector<std::vector<float>> peaks(network.layers.size());
    peaks[2] = {0, 3, 1, 0};
    peaks[6] = {0};
    place_thresholds(network, peaks);
    EXPECT_EQ(network.layers[2].as<Activation>()->neuron.threshold,
              (std::vector<float>{3, 3, 1, 3}));
    EXPECT_EQ(network.layers[6].as<Activation>()->neuron.threshold, (std::vector<float>{1}));
}

TEST(PlaceThresholds, RefusesWhatDoesNotFitAndChangesNothing) {
    Network network = branched_network(1);
    const Network before = network;
    std::vector<std::vector<float>> peaks(network.layers.size());
    EXPECT_THROW(place_thresholds(network, {}), Error);
    peaks[2] = {1, 2, 3, 4};
    EXPECT_THROW(place_thresholds(network, peaks), Error) << "layer 6 has none";
    peaks[6] = {-1};
    EXPECT_THROW(place_thresholds(network, peaks), Error);
    EXPECT_EQ(network, before);
}

}  // namespace
}  // namespace ranvier
