#include "ranvier/sim/float_reference.hpp"

#include "ranvier/base/error.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

/// input -> operations in a row -> output, weights as given. The results below are worked by hand.
Network chain(Shape shape, std::vector<Operation> operations) {
    Network network;
    network.layers.push_back({"in", {}, Input{shape, {}, {}}});
    operations.emplace_back(Output{});
    for (Operation& operation : operations) {
        const std::size_t l = network.layers.size();
        network.layers.push_back({"layer" + std::to_string(l), {l - 1}, std::move(operation)});
    }
    return network;
}

std::vector<float> last(const Network& network, const std::vector<float>& image) {
    return reference_forward(network, image).back();
}

Window square(std::int64_t kernel, std::int64_t stride, std::int64_t pad) {
    return {kernel, kernel, stride, stride, pad, pad, pad, pad, 1, 1};
}

using Floats = std::vector<float>;

TEST(FloatReference, NormalizesTheInput) {
    Network network = chain({2, 1, 1}, {});
    network.input().mean = {0.5F, 0.0F};
    network.input().std = {0.25F, 2.0F};
    EXPECT_EQ(last(network, {1.0F, 1.0F}), (Floats{2.0F, 0.5F}));
}

TEST(FloatReference, ConvolvesWithPaddingStrideAndBias) {
    Convolution op{square(2, 2, 0), 1, Tensor({1, 1, 2, 2}, {1, 2, 3, 4}), Tensor({1}, {10})};
    op.window.pad_top = op.window.pad_left = 1;
    // Padded image rows: 0 0 0 0 / 0 1 2 3 / 0 4 5 6 / 0 7 8 9.
    EXPECT_EQ(last(chain({1, 3, 3}, {op}), {1, 2, 3, 4, 5, 6, 7, 8, 9}),
              (Floats{10 + 4, 10 + 6 + 12, 10 + 8 + 28, 10 + 5 + 12 + 24 + 36}));
}

TEST(FloatReference, ConvolvesGroupsAndDilation) {
    Window window = square(1, 1, 0);
    window.kernel_w = 2;
    window.dilation_w = 2;
    const Convolution op{window, 2, Tensor({2, 1, 1, 2}, {1, 10, 100, 1000}), {}};
    EXPECT_EQ(last(chain({2, 1, 3}, {op}), {1, 2, 3, 4, 5, 6}), (Floats{31, 6400}));
}

TEST(FloatReference, AveragesAsPyTorchAtTheBorder) {
    // One row of 4, kernel 3, stride 2, padding 1, ceil mode: windows start at -1, 1, 3; the last
    // reaches one place beyond the padding.
    Window window{1, 3, 1, 2, 0, 1, 0, 1, 1, 1};
    const Floats image = {1, 2, 3, 4};
    EXPECT_EQ(last(chain({1, 1, 4}, {AveragePool{window, true, false}}), image),
              (Floats{1.5F, 3.0F, 4.0F}));
    EXPECT_EQ(last(chain({1, 1, 4}, {AveragePool{window, true, true}}), image),
              (Floats{1.0F, 3.0F, 2.0F}));
    EXPECT_EQ(last(chain({1, 1, 4}, {AveragePool{window, false, true}}), image),
              (Floats{1.0F, 3.0F}));
}

TEST(FloatReference, TakesTheMaximumWithoutPadding) {
    EXPECT_EQ(last(chain({1, 3, 3}, {MaxPool{square(2, 2, 0), true, {}}}),
                   {-1, -2, -3, -4, -5, -6, -7, -8, -9}),
              (Floats{-1, -3, -7, -9}));
    EXPECT_EQ(last(chain({1, 2, 2}, {MaxPool{square(3, 2, 1), false, {}}}), {-4, -3, -2, -1}),
              (Floats{-1}));
}

TEST(FloatReference, ShortcutTakesEverySecondPixelAndAddsChannels) {
    EXPECT_EQ(last(chain({1, 3, 3}, {Shortcut{2, 1, 2}}), {1, 2, 3, 4, 5, 6, 7, 8, 9}),
              (Floats{0, 0, 0, 0, 1, 3, 7, 9, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(FloatReference, SmallOperations) {
    Neuron floor;
    floor.kind = NeuronKind::quantized_relu;
    EXPECT_EQ(last(chain({1, 1, 3}, {Activation{}}), {-1.5F, 0, 1.5F}), (Floats{0, 0, 1.5F}));
    EXPECT_EQ(last(chain({1, 1, 3}, {Activation{floor}}), {-1.5F, 0.9F, 2.5F}), (Floats{0, 0, 2}));
    Neuron sign;
    sign.kind = NeuronKind::sign;
    EXPECT_EQ(last(chain({1, 1, 3}, {Activation{sign}}), {-0.5F, 0, 2.5F}), (Floats{-1, 1, 1}));
    EXPECT_EQ(last(chain({2, 1, 2}, {GlobalAveragePool{}}), {1, 2, 3, 6}), (Floats{1.5F, 4.5F}));
    const BatchNorm norm{Tensor({1}, {3}), Tensor({1}, {1}), Tensor({1}, {2}), Tensor({1}, {3}),
                         1.0F};
    EXPECT_EQ(last(chain({1, 1, 2}, {norm}), {2, 6}), (Floats{1, 7}));
    const Linear linear{Tensor({2, 2}, {1, 2, 3, 4}), Tensor({2}, {10, 20})};
    EXPECT_EQ(last(chain({1, 1, 2}, {Flatten{}, Dropout{}, linear}), {5, 6}), (Floats{27, 59}));
}

TEST(FloatReference, AddsAndConcatenates) {
    Network network = chain({1, 1, 2}, {Activation{}, Add{}, Concat{}});
    network.layers[2].inputs = {0, 1, 1};
    network.layers[3].inputs = {2, 0};
    EXPECT_EQ(last(network, {-1, 2}), (Floats{-1, 6, -1, 2}));
}

TEST(FloatReference, RefusesSpikingNeuronsAndWrongImages) {
    Neuron neuron;
    neuron.kind = NeuronKind::integrate_fire;
    try {
        last(chain({1, 1, 2}, {Activation{neuron}}), {0, 0});
        FAIL() << "a spiking neuron was accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), Fault::unsupported);
        EXPECT_NE(std::string(error.what()).find("layer1"), std::string::npos);
    }
    EXPECT_THROW(last(chain({1, 1, 2}, {Activation{}}), {0}), Error);
}

}  // namespace
}  // namespace ranvier
