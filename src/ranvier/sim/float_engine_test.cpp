#include "ranvier/sim/float_engine.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/random.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_reference.hpp"
#include "ranvier/sim/float_test_networks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ranvier {
namespace {

using Values = std::vector<float>;

/// Float sums in another order differ by a few rounding errors (2^-24) per added term; batch norms
/// folded into weights add some more. Over the at most some thousand terms and some dozen layers of
/// these networks 1e-4 of the largest value is far above that, and far below a wrong index.
void expect_close(std::span<const float> actual, std::span<const float> expected,
                  const std::string& what) {
    ASSERT_EQ(actual.size(), expected.size()) << what;
    float largest = 0.01F;
    for (const float v : expected) largest = std::max(largest, std::abs(v));
    for (std::size_t k = 0; k < actual.size(); ++k)
        ASSERT_NEAR(actual[k], expected[k], 1e-4F * largest) << what << ", value " << k;
}

std::string about(const Network& network, std::size_t l) {
    const Layer& layer = network.layers[l];
    return layer.name + " (" + operation_name(layer.operation) + ")";
}

/// [n_layers][n][values]
std::vector<Values> reference_batch(const Network& network, const Tensor& images) {
    const auto n = static_cast<std::size_t>(images.dims[0]);
    const std::size_t stride = images.size() / n;
    std::vector<Values> all(network.layers.size());
    for (std::size_t k = 0; k < n; ++k) {
        const auto one =
            reference_forward(network, std::span(images.values).subspan(k * stride, stride));
        for (std::size_t l = 0; l < one.size(); ++l)
            all[l].insert(all[l].end(), one[l].begin(), one[l].end());
    }
    return all;
}

/// Runs with all layers observed, with none, and with every third, against the reference.
void check_against_reference(const Network& network, std::size_t n, std::uint64_t seed) {
    const Tensor images = random_images(network, n, seed);
    const std::vector<Values> expected = reference_batch(network, images);
    FloatEngine engine(network);
    expect_close(engine.run(images).values, expected.back(), "output");
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}}) {
        std::vector<std::size_t> layers;
        for (std::size_t l = seed % step; l < network.layers.size(); l += step) layers.push_back(l);
        std::vector<std::size_t> seen;
        const Tensor outputs = engine.run(
            images, layers, [&](std::size_t l, std::span<const float> values, std::size_t n_seen) {
                seen.push_back(l);
                EXPECT_EQ(n_seen, n);
                expect_close(values, expected[l], about(network, l));
            });
        EXPECT_EQ(seen, layers);
        expect_close(outputs.values, expected.back(), "output with observers");
    }
}

TEST(FloatEngine, EqualsTheReferenceOnRandomNetworks) {
    constexpr std::size_t batches[] = {1, 2, 7, 33};
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const Network network = random_float_network(seed, 4 + seed % 20);
        check_against_reference(network, batches[seed % 4], seed);
        if (HasFatalFailure() || HasNonfatalFailure()) return;
    }
}

/// Every attribute of one operation, alone, at sizes around oneDNN's channel blocks.
template <typename Make>
void check_operation(const Shape& shape, const Make& make) {
    for (const std::int64_t channels : {1, 3, 8, 15, 16, 17, 32}) {
        Network network;
        const Shape in{channels, shape.height, shape.width};
        network.layers = {
            {"in", {}, Input{in, {}, {}}},
            {"first",
             {0},
             Convolution{{}, 1, random_tensor({channels, channels, 1, 1}, 0.5F, 1), Tensor{}}},
            {"tested", {1}, make(channels)},
            {"out", {2}, Output{}}};
        SCOPED_TRACE(std::to_string(channels) + " channels");
        check_against_reference(network, 2, static_cast<std::uint64_t>(channels));
    }
}

TEST(FloatEngine, AveragePoolsAtTheBorder) {
    for (const bool ceil_mode : {false, true})
        for (const bool count_include_pad : {false, true})
            for (const std::int64_t stride : {1, 2, 3})
                for (const std::int64_t pad : {0, 1, 2}) {
                    const Window w{3, 4, stride, 2, pad, 1, 2 - pad, 3, 1, 1};
                    SCOPED_TRACE(fmt::format("ceil {} include {} stride {} pad {}", ceil_mode,
                                             count_include_pad, stride, pad));
                    check_operation({0, 8, 9}, [&](std::int64_t) {
                        return AveragePool{w, ceil_mode, count_include_pad};
                    });
                }
}

TEST(FloatEngine, MaxPoolsAtTheBorder) {
    for (const bool ceil_mode : {false, true})
        for (const std::int64_t dilation : {1, 2})
            for (const std::int64_t stride : {1, 2, 3}) {
                const Window w{3, 2, stride, 2, 1, 0, 0, 1, dilation, 1};
                SCOPED_TRACE(
                    fmt::format("ceil {} dilation {} stride {}", ceil_mode, dilation, stride));
                check_operation({0, 8, 9}, [&](std::int64_t) { return MaxPool{w, ceil_mode, {}}; });
            }
}

TEST(FloatEngine, Convolves) {
    for (const std::int64_t dilation : {1, 3})
        for (const std::int64_t stride : {1, 2})
            for (const bool depthwise : {false, true}) {
                const Window w{3, 2, stride, 1, 2, 0, 1, 4, dilation, 1};
                SCOPED_TRACE(
                    fmt::format("dilation {} stride {} depthwise {}", dilation, stride, depthwise));
                check_operation({0, 9, 7}, [&](std::int64_t channels) {
                    return Convolution{
                        w, depthwise ? channels : 1,
                        random_tensor({channels * 2, depthwise ? 1 : channels, 3, 2}, 0.3F, 2),
                        random_tensor({channels * 2}, 0.3F, 3)};
                });
            }
}

TEST(FloatEngine, ShortcutsPadChannelsOnBothSides) {
    for (const std::int64_t stride : {1, 2, 3})
        for (const std::int64_t before : {0, 3, 8, 16})
            check_operation({0, 7, 8}, [&](std::int64_t) { return Shortcut{stride, before, 5}; });
}

TEST(FloatEngine, FloorsAQuantizedRelu) {
    Neuron neuron;
    neuron.kind = NeuronKind::quantized_relu;
    Network network;
    network.layers = {{"in", {}, Input{{5, 3, 3}, {0, 0, 0, 0, 0}, {0.2F, 0.1F, 0.3F, 1, 2}}},
                      {"floor", {0}, Activation{neuron}},
                      {"out", {1}, Output{}}};
    const Tensor images = random_images(network, 3, 5);
    const Values expected = reference_batch(network, images).back();
    EXPECT_EQ(FloatEngine(network).run(images).values, expected);
    EXPECT_GT(*std::max_element(expected.begin(), expected.end()), 3);
}

// Between convolutions whose channels fill no block: the rest of a block must stay 0.
TEST(FloatEngine, TakesSigns) {
    Neuron sign;
    sign.kind = NeuronKind::sign;
    Network network;
    const Window same{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
    network.layers = {{"in", {}, Input{{3, 9, 7}, {0.5F, 0.5F, 0.5F}, {}}},
                      {"c1", {0}, Convolution{same, 1, random_tensor({21, 3, 3, 3}, 0.3F, 1), {}}},
                      {"sign", {1}, Activation{sign}},
                      {"c2", {2}, Convolution{same, 1, random_tensor({5, 21, 3, 3}, 0.3F, 2), {}}},
                      {"out", {3}, Output{}}};
    const Tensor images = random_images(network, 3, 5);
    expect_close(FloatEngine(network).run(images).values, reference_batch(network, images).back(),
                 "signs");
}

TEST(FloatEngine, BatchSizesDoNotMatter) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        const Network network = random_float_network(seed, 15);
        const Tensor images = random_images(network, 7, seed);
        FloatEngine engine(network);
        const Tensor expected = engine.run(images);
        const std::size_t stride = images.size() / 7;
        for (const std::size_t n : {3U, 1U, 3U, 2U, 1U}) {
            Tensor part(
                {static_cast<std::int64_t>(n), images.dims[1], images.dims[2], images.dims[3]});
            std::copy_n(images.values.begin(), n * stride, part.values.begin());
            const Tensor outputs = engine.run(part);
            expect_close(outputs.values, std::span(expected.values).first(outputs.size()),
                         "part of the batch");
        }
    }
}

/// A residual network with enough work per layer that FloatEngine uses several threads.
Network wide_network() {
    const Window same{3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
    const auto convolution = [&](std::int64_t n_in, std::int64_t n_out, std::uint64_t seed) {
        return Convolution{same, 1, random_tensor({n_out, n_in, 3, 3}, 0.08F, seed),
                           random_tensor({n_out}, 0.3F, seed + 100)};
    };
    Neuron floor;
    floor.kind = NeuronKind::quantized_relu;
    Network network;
    network.layers = {
        {"in", {}, Input{{3, 21, 19}, {0.4F, 0.5F, 0.6F}, {0.2F, 0.25F, 0.3F}}},
        {"c1", {0}, convolution(3, 32, 1)},
        {"r1", {1}, Activation{}},
        {"c2", {2}, convolution(32, 32, 2)},
        {"skip", {2}, Shortcut{2, 3, 13}},
        {"add", {3, 2}, Add{}},
        {"c3",
         {5},
         Convolution{
             {3, 3, 2, 2, 1, 1, 1, 1, 1, 1}, 1, random_tensor({48, 32, 3, 3}, 0.08F, 3), {}}},
        {"add2", {6, 4}, Add{}},
        {"pool", {7}, AveragePool{{3, 3, 2, 2, 0, 0, 0, 0, 1, 1}, true, true}},
        {"flat", {8}, Flatten{}},
        {"linear", {9}, Linear{random_tensor({10, 48 * 5 * 5}, 0.03F, 4), {}}},
        {"out", {10}, Output{}}};
    return network;
}

TEST(FloatEngine, ThreadsDoNotMatter) {
    const Network network = wide_network();
    const Tensor images = random_images(network, 12, 1);
    const Values expected = reference_batch(network, images).back();
    // Not bit for bit: oneDNN splits sums differently for another number of threads.
    for (const int n_threads : {1, 2, 3, 0})
        expect_close(FloatEngine(network, n_threads).run(images).values, expected,
                     std::to_string(n_threads) + " threads");
}

TEST(FloatEngine, RunsAgainWithTheSameResult) {
    const Network network = random_float_network(3, 25);
    FloatEngine engine(network);
    const Tensor images = random_images(network, 5, 1);
    const Tensor first = engine.run(images);
    static_cast<void>(engine.run(random_images(network, 5, 2)));
    EXPECT_EQ(engine.run(images), first);
    FloatEngine moved = std::move(engine);
    EXPECT_EQ(moved.run(images), first);
}

TEST(FloatEngine, RefusesWhatItCannotRun) {
    Network network = random_float_network(1, 5);
    FloatEngine engine(network);
    EXPECT_THROW(static_cast<void>(engine.run(Tensor({1, 1, 2, 2}))), Error);
    const std::size_t beyond = network.layers.size();
    const Tensor images = random_images(network, 1, 1);
    EXPECT_THROW(engine.run(images, std::span(&beyond, 1), {}), Error);
    EXPECT_EQ(engine.run(random_images(network, 0, 1)).dims[0], 0);

    Neuron neuron;
    neuron.kind = NeuronKind::one_spike;
    insert_after(network, 0, {"spikes", {}, Activation{neuron}});
    try {
        FloatEngine spiking(network);
        FAIL() << "a spiking neuron was accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::unsupported);
    }
}

}  // namespace
}  // namespace ranvier
