// The encoding x/N: converter, trainer and simulator.
#include "ranvier/convert/convert.hpp"
#include "ranvier/convert/presets.hpp"
#include "ranvier/sim/reference_run.hpp"
#include "ranvier/train/executor.hpp"
#include "ranvier/train/spiking_executor.hpp"
#include "ranvier/train/spiking_test_networks.hpp"

#include <gtest/gtest.h>

#include "tests/support/images.hpp"
#include "tests/support/property.hpp"

namespace ranvier {
namespace {

/// As random_spiking_network, before its conversion.
Network random_relu_network(std::uint64_t seed, bool with_biases) {
    Network network = random_spiking_network(seed, false);
    network.timing = {};
    for (Layer& layer : network.layers) {
        if (layer.as<Activation>() != nullptr) layer.operation = Activation{};
        if (with_biases) continue;
        if (auto* conv = layer.as<Convolution>()) conv->bias = {};
        if (auto* linear = layer.as<Linear>()) linear->bias = {};
    }
    return network;
}

/// Thresholds of halves and quarters of sums: all arithmetic is exact.
ConvertOptions exact_options(int spread, int steps) {
    ConvertOptions options = with_preset({}, ConvertPreset::iir);
    options.currents.steps = 4;
    options.currents.residual = 0.5F;
    options.currents.if_silent = 0.125F;
    options.measure.n_threads = 1;
    options.spread = spread;
    options.steps = steps;
    return options;
}

/// [n_layers] what layers of neurons emit for images, [steps * n] each.
std::vector<torch::Tensor> emitted_by(const Network& network, const torch::Tensor& pixels,
                                      std::uint64_t seed) {
    SpikingExecutor executor(network, {});
    SpikingPass pass;
    pass.pass.seed = seed;
    std::vector<torch::Tensor> emitted;
    pass.pass.activations = &emitted;
    const torch::NoGradGuard no_grad;
    (void)executor.forward(pixels, pass);
    return emitted;
}

TEST(SpreadInput, IsTheSameForTrainerAndSimulator) {
    int n_spikes = 0;
    testing::check_property([&n_spikes](std::uint64_t seed) {
        const torch::Tensor pixels = random_pixels(seed, 4, true);
        const testing::TestImages images(to_ranvier(pixels), 5);
        ConvertOptions options = exact_options(1 << (1 + seed % 3), 1 + static_cast<int>(seed % 7));
        if (seed % 2 == 0) options.neuron = NeuronKind::leaky_delayed;
        if (seed % 5 == 0) options.input = InputCoding::poisson;
        Network network = convert(random_relu_network(seed, true), images, options);
        for (Layer& layer : network.layers)
            if (auto* neurons = layer.as<Activation>()) neurons->neuron.leak = 0.5F;
        const std::vector<torch::Tensor> emitted = emitted_by(network, pixels, seed);

        const ReferencePlan plan(network);
        for (std::int64_t i = 0; i < 4; ++i) {
            ReferenceRun run(plan);
            run.start(to_ranvier(pixels[i]).values, {seed, static_cast<std::uint64_t>(i), 0});
            for (std::int64_t t = 0; t < network.timing.steps; ++t) {
                run.step();
                for (std::size_t l = 0; l < emitted.size(); ++l) {
                    if (!emitted[l].defined()) continue;
                    const std::vector<float> values = run.emitted(l);
                    RC_ASSERT(values == to_ranvier(emitted[l][t * 4 + i]).values);
                    for (const float value : values) n_spikes += value != 0 ? 1 : 0;
                }
            }
        }
    });
    EXPECT_GT(n_spikes, 1000);
}

TEST(SpreadInput, ShrinksThresholdsInsteadOfSpikesWithoutBiases) {
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        const torch::Tensor pixels = random_pixels(seed, 4, true);
        const testing::TestImages images(to_ranvier(pixels), 5);
        const Network network = random_relu_network(seed, false);
        const Network direct = convert(network, images, exact_options(1, 6));
        const Network spread = convert(network, images, exact_options(4, 6));
        const auto threshold = [](const Network& of, std::size_t l) {
            return of.layers[l].as<Activation>()->neuron.threshold.at(0);
        };
        EXPECT_EQ(threshold(spread, 2), threshold(direct, 2) / 4);
        EXPECT_EQ(threshold(spread, 4), threshold(direct, 4));
        const auto a = emitted_by(direct, pixels, 1), b = emitted_by(spread, pixels, 1);
        for (std::size_t l = 0; l < a.size(); ++l)
            if (a[l].defined()) {
                EXPECT_TRUE(a[l].equal(b[l])) << l;
            }
        EXPECT_GT(a[2].sum().item<double>(), 0);
    }
}

}  // namespace
}  // namespace ranvier
