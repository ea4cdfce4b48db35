// A stream of frames against the step-by-step reference: everything equal, to the last bit.
#include "ranvier/engine/stream.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/engine/rate_test_networks.hpp"
#include "ranvier/kernels/isa_test_loop.hpp"
#include "ranvier/sim/float_test_networks.hpp"
#include "ranvier/sim/one_spike_test_networks.hpp"

#include <gtest/gtest.h>

#include "tests/support/images.hpp"
#include "tests/support/networks.hpp"
#include "tests/support/property.hpp"
#include <limits>
#include <optional>

namespace ranvier {
namespace {

using testing::check_property;
using testing::TestImages;

/// A frame as an event camera's counts, most of them 0, or of any values.
std::vector<float> random_frame(const Network& network, Random& random) {
    std::vector<float> frame(static_cast<std::size_t>(network.input().shape.size()));
    const bool counts = random.below(2) == 0;
    for (float& value : frame)
        value = !counts                 ? random.uniform(-1.0F, 2.0F)
                : random.below(10) == 0 ? static_cast<float>(random.below(20))
                                        : 0.0F;
    return frame;
}

/// Feeds both with the same frames and compares after every step.
class Pair {
public:
    Pair(const Network& network, int n_threads)
        : network_(network),
          plan_(network),
          reference_(plan_),
          stream_(network, {.n_threads = n_threads}) {}

    Stream& stream() { return stream_; }

    /// `n` steps, about a third of which show the frame before again; the first ones zeros if so.
    void run(int n, Random& random) {
        reference_.start(
            std::vector<float>(static_cast<std::size_t>(network_.input().shape.size())));
        for (int t = 0; t < n; ++t) {
            if (random.below(3) == 0) {
                stream_.step();
            } else {
                const std::vector<float> frame = random_frame(network_, random);
                reference_.present(frame);
                stream_.step(frame);
            }
            reference_.step();
            const std::vector<float> got(stream_.logits().begin(), stream_.logits().end());
            ASSERT_EQ(got, reference_.logits()) << "step " << t;
        }
    }

    void expect_equal_counts() {
        const auto expected = reference_.spike_counts();
        const SpikeCounts got = stream_.spike_counts();
        ASSERT_EQ(got.size(), expected.size());
        for (std::size_t l = 0; l < got.size(); ++l)
            if (plan_.spikes[l])
                ASSERT_EQ(got[l], expected[l]) << network_.layers[l].name;
            else
                ASSERT_TRUE(got[l].empty());
    }

private:
    const Network& network_;
    ReferencePlan plan_;
    ReferenceRun reference_;
    Stream stream_;
};

TEST(Stream, EqualsTheReferenceAfterEveryFrame) {
    check_property([](std::uint32_t seed) {
        Random random(seed, 1);
        const Network network = random_rate_network(1 + seed % 1000);
        Pair pair(network, static_cast<int>(1 + random.below(3)));
        pair.run(static_cast<int>(random.below(40)), random);
        pair.expect_equal_counts();
        RC_ASSERT(!::testing::Test::HasFailure());
    });
}

TEST(Stream, EqualsTheReferenceOnEveryInstructionSet) {
    const Network network = random_rate_network(3);
    on_every_isa([&](const std::string&) {
        Random random(5, 5);
        Pair pair(network, 2);
        pair.run(20, random);
        pair.expect_equal_counts();
    });
}

TEST(Stream, OfOneImageEqualsTheEngine) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const Network network = random_rate_network(seed);
        const Tensor images = random_images(network, 1, seed);
        Stream stream(network);
        stream.step(images.values);
        while (stream.steps() < static_cast<std::uint64_t>(network.timing.steps)) stream.step();
        const auto n_out = static_cast<int>(stream.logits().size());
        SimulationOptions options;
        options.keep_logits = true;
        const SimulationResult expected = make_reference_simulator(network)->run(
            TestImages(images, n_out), options, no_progress());
        EXPECT_EQ(std::vector<float>(stream.logits().begin(), stream.logits().end()),
                  expected.logits.values);
        EXPECT_EQ(stream.spike_counts(), expected.spikes);
    }
}

TEST(Stream, ResetForgetsEverything) {
    const Network network = random_rate_network(2);
    const auto plan = std::make_shared<const FastPlan>(network);
    Stream used(plan), fresh(plan);
    Random random(1, 1);
    for (int t = 0; t < 7; ++t) used.step(random_frame(network, random));
    used.reset();
    EXPECT_EQ(used.steps(), 0U);
    EXPECT_EQ(used.last_step_us(), 0);
    EXPECT_EQ(used.spike_counts(), fresh.spike_counts());
    for (int t = 0; t < 9; ++t) {
        const std::vector<float> frame = random_frame(network, random);
        used.step(frame);
        fresh.step(frame);
        EXPECT_GT(used.last_step_us(), 0);
        EXPECT_TRUE(std::ranges::equal(used.logits(), fresh.logits()));
    }
    EXPECT_EQ(used.spike_counts(), fresh.spike_counts());
    EXPECT_EQ(used.steps(), 9U);
}

/// Longer than the spans after which counts are moved to wider ones.
TEST(Stream, CountsOfLongStreamsAreWhole) {
    Network network;
    testing::append(network, "input", Input{{1, 1, 1}, {}, {}});
    Linear linear;
    linear.weight = Tensor({1, 1}, {1.0F});
    testing::append(network, "linear", linear);
    Activation activation;
    activation.neuron.kind = NeuronKind::integrate_fire;
    testing::append(network, "neuron", activation);
    linear.weight = Tensor({2, 1}, {-1.0F, 1.0F});
    testing::append(network, "last", linear);
    testing::append(network, "output", Output{});
    network.timing.steps = 1;
    Stream stream(network, {.n_threads = 1});
    const std::vector<float> frame = {0.5F};
    for (int t = 0; t < 10000; ++t) stream.step(frame);
    EXPECT_EQ(stream.spike_counts()[2], std::vector<std::uint64_t>{5000});
    EXPECT_EQ(stream.logits()[1], 5000.0F);
    EXPECT_EQ(stream.prediction(), 1U);
}

TEST(Stream, UncountedSpikesAreZero) {
    const Network network = random_rate_network(2);
    Stream stream(network, {.n_threads = 1, .count_spikes = false});
    const SpikeCounts before = stream.spike_counts();
    for (int t = 0; t < 5; ++t)
        stream.step(std::vector<float>(static_cast<std::size_t>(network.input().shape.size()), 2));
    EXPECT_EQ(stream.spike_counts(), before);
}

TEST(Stream, BadFramesAreRefusedAndChangeNothing) {
    const Network network = random_rate_network(2);
    Stream stream(network), untouched(network);
    std::vector<float> frame(static_cast<std::size_t>(network.input().shape.size()), 1.0F);
    stream.step(frame);
    untouched.step(frame);
    for (const std::size_t size : {std::size_t{0}, frame.size() - 1, frame.size() + 1})
        EXPECT_THROW(stream.step(std::vector<float>(size)), Error);
    for (const float value :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        std::vector<float> bad = frame;
        bad.back() = value;
        EXPECT_THROW(stream.step(bad), Error);
    }
    EXPECT_EQ(stream.steps(), 1U);
    stream.step();
    untouched.step();
    EXPECT_TRUE(std::ranges::equal(stream.logits(), untouched.logits()));
}

TEST(Stream, NetworksThatNeedTheWholeWindowAreRefused) {
    try {
        const Stream stream(random_one_spike_network(4, 8, 1.3F));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::unsupported);
        EXPECT_NE(std::string(error.what()).find("--coding rate"), std::string::npos);
    }
    EXPECT_THROW(const Stream stream(random_float_network(1, 6)), Error);
}

/// The network of the oracles n4_network_*: multi-spike neurons, fed with event counts.
Network n4_network(const std::string& folder, std::optional<float> lower_bound) {
    const auto weight = [&](int k) {
        return testing::read_npy(testing::oracle(folder) / fmt::format("w{}.npy", k));
    };
    Activation neurons;
    neurons.neuron.kind = NeuronKind::multi_spike;
    neurons.neuron.lower_bound = lower_bound;
    Network network;
    testing::append(network, "in", Input{{1, 14, 14}, {}, {}});
    for (int k = 1; k <= 2; ++k) {
        Convolution conv;
        conv.window.kernel_h = conv.window.kernel_w = 3;
        conv.weight = weight(k);
        testing::append(network, fmt::format("conv{}", k), conv);
        testing::append(network, fmt::format("spikes{}", k), neurons);
        testing::append(network, fmt::format("pool{}", k), testing::average_pool2());
    }
    testing::append(network, "flatten", Flatten{});
    testing::append(network, "fc", Linear{weight(3), {}});
    testing::append(network, "spikes3", neurons);
    testing::append(network, "out", Output{});
    network.timing.steps = 30;
    return network;
}

TEST(Stream, MultiSpikeNetworksAreThoseOfSinabs) {
    for (const auto& [folder, bound] :
         {std::pair{"n4_network_nobound", std::optional<float>()},
          std::pair{"n4_network_low_minus1", std::optional<float>(-1.0F)}}) {
        RANVIER_NEEDS_ORACLE(folder);
        const auto file = [&, name = std::string(folder)](const char* what) {
            return testing::read_npy(testing::oracle(name) / fmt::format("{}.npy", what));
        };
        const Network network = n4_network(folder, bound);
        const ReferencePlan plan(network);
        ReferenceRun reference(plan);
        Stream stream(network, {.n_threads = 2});
        const Tensor frames = file("input"), last = file("spike_counts3");
        reference.start(std::vector<float>(196));
        std::vector<float> expected(6, 0.0F);
        for (std::size_t t = 0; t < 30; ++t) {
            const std::vector<float> frame(
                frames.values.begin() + static_cast<long>(196 * t),
                frames.values.begin() + static_cast<long>(196 * t + 196));
            reference.present(frame);
            reference.step();
            stream.step(frame);
            for (std::size_t k = 0; k < 6; ++k) expected[k] += last.values[6 * t + k];
            ASSERT_EQ(reference.logits(), expected) << folder << " step " << t;
            ASSERT_EQ(std::vector<float>(stream.logits().begin(), stream.logits().end()), expected);
        }
        const auto counts = reference.spike_counts();
        std::size_t population = 0;
        for (std::size_t l = 0; l < network.layers.size(); ++l) {
            if (network.layers[l].as<Activation>() == nullptr) continue;
            const Tensor spikes = file(fmt::format("spike_counts{}", ++population).c_str());
            std::vector<std::uint64_t> sums(counts[l].size());
            for (std::size_t i = 0; i < spikes.size(); ++i)
                sums[i % sums.size()] += static_cast<std::uint64_t>(spikes.values[i]);
            EXPECT_EQ(counts[l], sums) << folder << " population " << population;
        }
    }
}

}  // namespace
}  // namespace ranvier
