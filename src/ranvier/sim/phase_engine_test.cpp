// The phase engine against the step-by-step reference, spike for spike.
#include "ranvier/base/error.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_engine.hpp"
#include "ranvier/sim/float_reference.hpp"
#include "ranvier/sim/float_test_networks.hpp"
#include "ranvier/sim/neuron_step.hpp"
#include "ranvier/sim/one_spike_test_networks.hpp"
#include "ranvier/sim/phase_input.hpp"
#include "ranvier/sim/reference_run.hpp"

#include <gtest/gtest.h>

#include "tests/support/images.hpp"
#include "tests/support/networks.hpp"
#include "tests/support/property.hpp"
#include <cmath>
#include <rapidcheck.h>

namespace ranvier {
namespace {

using testing::append;
using testing::TestImages;

enum class EngineKind { reference, phase };

SimulationResult run(const Network& network, const Samples& images, EngineKind kind) {
    SimulationOptions options;
    options.keep_logits = true;
    const auto engine =
        kind == EngineKind::phase ? make_phase_engine(network) : make_reference_simulator(network);
    return engine->run(images, options, no_progress());
}

/// How near any membrane of the image comes to a threshold, relative to the peak: rounding of sums
/// in another order stays far below 1e-5.
bool clear_of_thresholds(const Network& network, const Tensor& image) {
    Network plain = network;
    for (Layer& layer : plain.layers)
        if (auto* activation = layer.as<Activation>()) activation->neuron = Neuron{};
    plain.timing = {};
    const Timing& timing = network.timing;
    std::vector<float> pixels = image.values;
    const PixelEncoder encoder(timing);
    for (float& p : pixels) p = encoder.total(encoder.encode(p)).value;
    bool clear = true;
    const auto fire = [&](std::size_t l, std::size_t index, float value) {
        const Neuron& neuron = network.layers[l].as<Activation>()->neuron;
        const std::size_t plane = static_cast<std::size_t>(infer_shapes(network)[l].plane());
        const double peak = neuron.threshold[index / plane];
        double emitted = 0;
        for (int phase = timing.steps; phase >= 1; --phase) {
            const double needed = peak * one_spike_threshold(neuron.base, phase, true);
            if (std::abs(value - needed) < 1e-5) clear = false;
            if (value >= needed) emitted = peak * one_spike_worth(neuron.base, phase);
        }
        return static_cast<float>(emitted);
    };
    (void)reference_forward(plain, pixels, fire);
    return clear;
}

TEST(PhaseEngine, GivesTheReferencesSpikesOnRandomNetworks) {
    int n_compared = 0;
    int n_images = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        const float base = seed % 3 == 0 ? 2.0F : (seed % 3 == 1 ? 1.3F : 1.15F);
        Network network = random_one_spike_network(seed, 4 + static_cast<int>(seed % 13), base);
        if (seed % 4 == 0) {
            network.timing.input = InputCoding::one_spike_phase;
            network.timing.input_base = base;
        }
        for (std::uint64_t i = 0; i < 3; ++i) {
            ++n_images;
            const Tensor image = random_images(network, 1, 100 * seed + i);
            if (!clear_of_thresholds(network, image)) continue;
            ++n_compared;
            const TestImages one(image, 1);
            const SimulationResult expected = run(network, one, EngineKind::reference);
            const SimulationResult got = run(network, one, EngineKind::phase);
            ASSERT_EQ(got.spikes, expected.spikes) << "seed " << seed;
            ASSERT_EQ(got.latency, expected.latency);
            for (std::size_t k = 0; k < got.logits.size(); ++k)
                ASSERT_NEAR(got.logits.values[k], expected.logits.values[k], 1e-4);
        }
    }
    EXPECT_GT(n_compared, n_images / 2) << "of " << n_images;
}

// Weights, pixels and thresholds are small multiples of powers of two and the base is 2: every sum
// is exact in any order, ties at thresholds included.
TEST(PhaseEngine, GivesTheReferencesSpikesWhereAllSumsAreExact) {
    testing::check_property([] {
        const auto seed = *rc::gen::inRange<std::uint64_t>(1, 100000);
        const int steps = *rc::gen::inRange(1, 7);
        const Network network = dyadic_one_spike_network(seed, steps);
        Random random(seed, 4);
        Tensor images({5, 2, 6, 6});
        for (float& p : images.values) p = static_cast<float>(random.below(17)) / 16;
        const auto n_out = static_cast<int>(infer_shapes(network).back().size());
        const TestImages samples(images, n_out);
        const SimulationResult expected = run(network, samples, EngineKind::reference);
        const SimulationResult got = run(network, samples, EngineKind::phase);
        RC_ASSERT(got.spikes == expected.spikes);
        RC_ASSERT(got.logits.values == expected.logits.values);
        RC_ASSERT(got.correct_after == expected.correct_after);
    });
}

TEST(PhaseEngine, CountsBatchesOfEverySize) {
    const Network network = random_one_spike_network(5, 12, 1.3F);
    const auto n_out = static_cast<int>(infer_shapes(network).back().size());
    const TestImages all(random_images(network, 70, 3), n_out);  // 32, 32 and 6
    const SimulationResult got = run(network, all, EngineKind::phase);
    const SimulationResult expected = run(network, all, EngineKind::reference);
    double difference = 0;
    double spikes = 0;
    for (std::size_t l = 0; l < got.spikes.size(); ++l)
        for (std::size_t i = 0; i < got.spikes[l].size(); ++i) {
            difference += std::abs(static_cast<double>(got.spikes[l][i]) -
                                   static_cast<double>(expected.spikes[l][i]));
            spikes += static_cast<double>(expected.spikes[l][i]);
        }
    EXPECT_GT(spikes, 1000);
    EXPECT_LE(difference, 1e-4 * spikes);
}

TEST(PhaseEngine, RefusesWhatItCannotRun) {
    Network early = random_one_spike_network(2, 8, 1.3F);
    early.timing.wait = 5;
    EXPECT_THROW((void)make_phase_engine(early), Error);
    Network rate;
    append(rate, "input", Input{{1, 2, 2}, {}, {}});
    Activation neurons;
    neurons.neuron.kind = NeuronKind::integrate_fire;
    append(rate, "neurons", neurons);
    append(rate, "pool", GlobalAveragePool{});
    append(rate, "output", Output{});
    rate.timing.steps = 4;
    EXPECT_THROW((void)make_phase_engine(rate), Error);
}

}  // namespace
}  // namespace ranvier
