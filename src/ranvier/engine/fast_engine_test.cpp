// The fast engine against the step-by-step reference: everything equal, to the last bit.
#include "ranvier/engine/fast_engine.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/engine/fast_plan.hpp"
#include "ranvier/engine/rate_test_networks.hpp"
#include "ranvier/kernels/isa_test_loop.hpp"
#include "ranvier/sim/float_test_networks.hpp"
#include "ranvier/sim/one_spike_test_networks.hpp"

#include <gtest/gtest.h>

#include "tests/support/images.hpp"
#include "tests/support/networks.hpp"

namespace ranvier {
namespace {

using testing::TestImages;

int n_outputs(const Network& network) {
    return static_cast<int>(ReferencePlan(network).shapes.back().size());
}

void expect_equal(const Network& network, const Samples& samples, SimulationOptions options,
                  const std::string& what) {
    options.keep_logits = true;
    const SpikeCosts costs = random_costs(network, 1);
    options.spike_costs = &costs;
    const SimulationResult expected =
        make_reference_simulator(network)->run(samples, options, no_progress());
    const SimulationResult got = make_fast_engine(network)->run(samples, options, no_progress());
    EXPECT_EQ(got.logits.values, expected.logits.values) << what;
    EXPECT_EQ(got.correct_after, expected.correct_after) << what;
    EXPECT_EQ(got.cost_at, expected.cost_at) << what;
    EXPECT_EQ(got.steps, expected.steps);
    EXPECT_EQ(got.latency, expected.latency);
    ASSERT_EQ(got.spikes.size(), expected.spikes.size());
    for (std::size_t l = 0; l < got.spikes.size(); ++l)
        ASSERT_EQ(got.spikes[l], expected.spikes[l]) << what << " layer " << network.layers[l].name;
}

TEST(FastEngine, EqualsTheReferenceOnRandomRateCodedNetworks) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        const Network network = random_rate_network(seed);
        const TestImages images(random_images(network, 7, seed), n_outputs(network));
        expect_equal(network, images, {.n_threads = 1 + static_cast<int>(seed % 3)},
                     "seed " + std::to_string(seed));
    }
}

TEST(FastEngine, EqualsTheReferenceOnPoissonInputForAnyPartOfTheSamples) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Network network = random_rate_network(seed);
        network.timing.input = InputCoding::poisson;
        network.timing.input_rate = 0.7F;
        const TestImages images(random_images(network, 7, seed), n_outputs(network));
        expect_equal(network, images,
                     {.n_threads = 1 + static_cast<int>(seed % 3), .seed = seed, .first_sample = 3},
                     "seed " + std::to_string(seed));
    }
}

TEST(FastEngine, EqualsTheReferenceOnRandomOneSpikeNetworksForEveryWait) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        const int steps = 4 + static_cast<int>(seed % 9);
        Network network = random_one_spike_network(seed, steps, seed % 2 == 0 ? 1.3F : 2.0F);
        network.timing.wait = static_cast<int>(seed * 5 % static_cast<std::uint64_t>(steps + 3));
        if (seed % 3 == 0) {
            network.timing.input = InputCoding::one_spike_phase;
            network.timing.input_base = 1.3F;
        }
        const TestImages images(random_images(network, 5, seed), n_outputs(network));
        expect_equal(
            network, images, {.n_threads = 1 + static_cast<int>(seed % 3)},
            "seed " + std::to_string(seed) + " wait " + std::to_string(network.timing.wait));
    }
}

/// Makes the network's weights binary or int8, and spikes worth 1.
void make_integral(Network& network, std::uint64_t seed, bool binary) {
    Random random(seed, 5);
    for (Layer& layer : network.layers) {
        if (auto* activation = layer.as<Activation>()) {
            activation->neuron.kind = NeuronKind::integrate_fire;
            activation->neuron.amplitude = {1.0F};
        }
        Tensor* weight = nullptr;
        WeightFormat* format = nullptr;
        if (auto* conv = layer.as<Convolution>()) weight = &conv->weight, format = &conv->format;
        if (auto* linear = layer.as<Linear>()) weight = &linear->weight, format = &linear->format;
        if (weight == nullptr) continue;
        const auto n_out = static_cast<std::size_t>(weight->dims[0]);
        const std::size_t n_in = weight->size() / n_out;
        std::vector<float> scales;
        for (std::size_t o = 0; o < n_out; ++o) {
            // 17 bits, so that an integer times it is exact.
            scales.push_back(static_cast<float>(1 + random.below(100000)) * 0x1p-19F);
            for (std::size_t i = 0; i < n_in; ++i)
                weight->values[o * n_in + i] =
                    scales[o] * (binary ? (random.below(2) == 0 ? 1.0F : -1.0F)
                                        : static_cast<float>(random.below(255)) - 127.0F);
        }
        if (!binary) *format = {WeightKind::int8, scales};
    }
}

TEST(FastEngine, EqualsTheReferenceWithBinaryAndInt8WeightsOnEveryInstructionSet) {
    for (std::uint64_t seed = 1; seed <= 16; ++seed) {
        Network network = random_rate_network(seed);
        make_integral(network, seed, seed % 2 == 0);
        const TestImages images(random_images(network, 3, seed), n_outputs(network));
        on_every_isa(
            [&](const std::string& isa) { expect_equal(network, images, {.n_threads = 2}, isa); });
    }
}

/// Layers so wide that hundreds of outputs are computed at once, and weights in several pieces;
/// from few spikes to so many that the dense kernels are chosen.
Network wide_network(std::uint64_t seed) {
    Random random(seed, 6);
    const auto tensor = [&](std::vector<std::int64_t> dims) {
        Tensor t(std::move(dims));
        for (float& v : t.values) v = 0.1F * random.normal();
        return t;
    };
    const std::int64_t widths[] = {130, 256, 300, 520, 128};
    const std::int64_t first = widths[random.below(5)];
    const std::int64_t second = widths[random.below(5)];
    Network network;
    testing::append(network, "input", Input{{3, 5, 5}, {}, {}});
    testing::append(network, "conv1", testing::convolution3x3(tensor({first, 3, 3, 3})));
    testing::append(network, "neurons1", Activation{});
    testing::append(network, "pool", testing::max_pool2());
    Convolution conv = testing::convolution3x3(tensor({second, first, 3, 3}));
    conv.bias = tensor({second});
    testing::append(network, "conv2", std::move(conv));
    testing::append(network, "neurons2", Activation{});
    testing::append(network, "flatten", Flatten{});
    testing::append(network, "fc", Linear{tensor({130, second * 4}), {}});
    testing::append(network, "neurons3", Activation{});
    testing::append(network, "last", Linear{tensor({10, 130}), {}});
    testing::append(network, "output", Output{});
    const float thresholds[] = {0.05F, 0.3F, 3.0F};
    for (Layer& layer : network.layers) {
        if (auto* pool = layer.as<MaxPool>()) pool->rule = MaxRule::current_step;
        if (auto* activation = layer.as<Activation>()) {
            activation->neuron.kind = NeuronKind::integrate_fire;
            activation->neuron.threshold = {thresholds[random.below(3)]};
        }
    }
    network.timing.steps = 23;
    return network;
}

TEST(FastEngine, EqualsTheReferenceOnWideLayersOnEveryInstructionSet) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        Network network = wide_network(seed);
        if (seed % 3 != 0) make_integral(network, seed, seed % 3 == 1);
        const TestImages images(random_images(network, 2, seed), n_outputs(network));
        on_every_isa([&](const std::string& isa) {
            expect_equal(network, images, {.n_threads = 2}, isa + " " + std::to_string(seed));
        });
    }
}

TEST(FastEngine, EqualsTheReferenceOnWideOneSpikeLayers) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        Network network = wide_network(seed);
        network.timing = {};
        make_one_spike(network, 8, 1.3F, [] { return 0.7F; });
        network.timing.wait = static_cast<int>(2 * seed);
        const TestImages images(random_images(network, 2, seed), n_outputs(network));
        on_every_isa([&](const std::string& isa) {
            expect_equal(network, images, {.n_threads = 2}, isa + " " + std::to_string(seed));
        });
    }
}

TEST(FastEngine, AnySlotsThreadsAndSetsOfSamplesGiveTheSame) {
    const Network network = random_rate_network(9);
    for (const std::size_t n : {1U, 2U, 3U, 70U}) {
        const TestImages images(random_images(network, n, 3), n_outputs(network));
        for (const int threads : {1, 2, 5})
            expect_equal(network, images, {.n_threads = threads}, std::to_string(threads));
    }
}

TEST(FastEngine, StepsMayBeFewerOrMoreThanTheNetworks) {
    const Network network = random_rate_network(4);
    const TestImages images(random_images(network, 3, 3), n_outputs(network));
    for (const int steps : {1, 3, 23, 50}) expect_equal(network, images, {.steps = steps}, "steps");
}

/// Decisions, exits and spikes by the reference, one step count after the other.
TEST(FastEngine, EarlyExitStopsWhereTheRuleFirstHolds) {
    const Network network = random_rate_network(2);
    const Tensor images = random_images(network, 9, 3);
    const int n_steps = network.timing.steps;
    const auto pixels = images.size() / 9;
    const ReferencePlan plan(network);
    for (const ExitRule rule :
         {ExitRule{ExitRule::Kind::maximum, 1.0F}, ExitRule{ExitRule::Kind::margin, 0.5F},
          ExitRule{ExitRule::Kind::margin, 1e9F}}) {
        std::vector<std::uint64_t> exits_expected(static_cast<std::size_t>(n_steps));
        SpikeCounts spikes(network.layers.size());
        for (std::size_t i = 0; i < 9; ++i) {
            ReferenceRun run(plan);
            run.start({images.values.data() + i * pixels, pixels});
            int t = 0;
            do {
                run.step();
                ++t;
            } while (t < n_steps && !exits(rule, run.logits()));
            ++exits_expected[static_cast<std::size_t>(t - 1)];
            const auto counts = run.spike_counts();
            for (std::size_t l = 0; l < counts.size(); ++l) {
                spikes[l].resize(plan.spikes[l] ? counts[l].size() : 0);
                for (std::size_t k = 0; k < spikes[l].size(); ++k) spikes[l][k] += counts[l][k];
            }
        }
        const TestImages samples(images, n_outputs(network));
        SimulationOptions options;
        options.exit = rule;
        const SimulationResult got =
            make_fast_engine(network)->run(samples, options, no_progress());
        EXPECT_EQ(got.exits_after, exits_expected);
        EXPECT_EQ(got.spikes, spikes);
        EXPECT_THROW((void)make_reference_simulator(network)->run(samples, options, no_progress()),
                     Error);
    }
}

TEST(FastEngine, IsChosenWhereItCanRun) {
    const Network rate = random_rate_network(4);
    EXPECT_STREQ(make_spiking_engine(rate)->name(), "fast");
    Network waits = random_one_spike_network(4, 8, 1.3F);
    EXPECT_STREQ(make_spiking_engine(waits)->name(), "phase");
    waits.timing.wait = 3;
    EXPECT_STREQ(make_spiking_engine(waits)->name(), "fast");
    EXPECT_STREQ(make_spiking_engine(waits, EngineKind::reference)->name(), "reference");
}

}  // namespace
}  // namespace ranvier
