#include "ranvier/convert/rescale.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/net/architectures.hpp"
#include "ranvier/sim/float_reference.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include <cmath>

namespace ranvier {
namespace {

using namespace testing;

Network small() {
    Network network;
    append(network, "in", Input{{1, 1, 2}, {}, {}});
    append(network, "flat", Flatten{});
    append(network, "fc1", Linear{Tensor({2, 2}, {4, -1, 2, 2}), Tensor({2}, {0, 1})});
    append(network, "relu", Activation{});
    append(network, "fc2", Linear{Tensor({2, 2}, {1, 1, 0, -1}), {}});
    append(network, "out", Output{});
    return network;
}

MemorySamples samples() {
    const std::vector<float> pixels = {1, 0, 0, 1, 0.5F, 0.5F};
    return MemorySamples({{1, 1, 2}, 2, {0, 1, 0}, pixels, "three"});
}

TEST(Rescale, FirstLayerOnlyAndWithoutItsBias) {
    Network network = small();
    scale_first_layer(network, 0.5F);
    EXPECT_EQ(network.layers[2].as<Linear>()->weight.values, (std::vector<float>{2, -0.5F, 1, 1}));
    EXPECT_EQ(network.layers[2].as<Linear>()->bias.values, (std::vector<float>{0, 1}));
    EXPECT_EQ(network.layers[4], small().layers[4]);
    EXPECT_THROW(scale_first_layer(network, 0), Error);
}

TEST(Rescale, NormalizedActivationsPeakAtOneAndTheOutputStays) {
    Network network = small();
    MeasureOptions options{.granularity = Granularity::layer, .percentile = 100};
    normalize_activations(network, samples(), options);
    EXPECT_FLOAT_EQ(measure_peaks(network, samples(), options)[3][0], 1);
    EXPECT_FLOAT_EQ(network.layers[2].as<Linear>()->weight.values[0], 1);  // the peak was 4
    for (const std::vector<float>& image : {std::vector<float>{1, 0}, {0.2F, 0.9F}}) {
        const auto before = reference_forward(small(), image).back();
        const auto after = reference_forward(network, image).back();
        for (std::size_t k = 0; k < before.size(); ++k) EXPECT_NEAR(before[k], after[k], 1e-5);
    }
}

/// As event_cnn: what enters is rectified before the first weights.
Network begins_with_activation() {
    Network network;
    append(network, "in", Input{{1, 1, 2}, {}, {}});
    append(network, "relu_in", Activation{});
    append(network, "flat", Flatten{});
    append(network, "fc1", Linear{Tensor({2, 2}, {4, -1, 2, 2}), Tensor({2}, {0, 1})});
    append(network, "relu", Activation{});
    append(network, "fc2", Linear{Tensor({2, 2}, {1, 1, 0, -1}), {}});
    append(network, "out", Output{});
    return network;
}

/// Counts of events instead of pixels in [0, 1]: s_0 is 8.
MemorySamples counts() {
    const std::vector<float> pixels = {8, 0, 0, 8, 4, 4};
    return MemorySamples({{1, 1, 2}, 2, {0, 1, 0}, pixels, "counts"});
}

void expect_same_function(const Network& a, const Network& b, const std::vector<float>& image) {
    const auto before = reference_forward(a, image).back();
    const auto after = reference_forward(b, image).back();
    for (std::size_t k = 0; k < before.size(); ++k)  // a few roundings of each sum
        EXPECT_NEAR(before[k], after[k], 1e-5 * (1 + std::abs(before[k])));
}

TEST(Rescale, AnInputActivationKeepsItsUnitAndTheFirstWeightsTakeTheScale) {
    Network network = begins_with_activation();
    const MeasureOptions options{.granularity = Granularity::layer, .percentile = 100};
    normalize_activations(network, counts(), options);
    // s_0 = 8, s_1 = 4 * 8 = 32: W_1 *= 8 / 32, b_1 *= 8 / 32; the output back by 32 / 8.
    ASSERT_EQ(network.layers.size(), begins_with_activation().layers.size());
    EXPECT_EQ(network.layers[1], begins_with_activation().layers[1]);
    const auto& first = *network.layers[3].as<Linear>();
    EXPECT_EQ(first.weight.values, (std::vector<float>{1, -0.25F, 0.5F, 0.5F}));
    EXPECT_EQ(first.bias.values, (std::vector<float>{0, 0.25F}));
    EXPECT_EQ(network.layers[5].as<Linear>()->weight.values, (std::vector<float>{4, 4, 0, -4}));
    const auto peaks = measure_peaks(network, counts(), options);
    EXPECT_FLOAT_EQ(peaks[1][0], 8);
    EXPECT_FLOAT_EQ(peaks[4][0], 8);
    expect_same_function(begins_with_activation(), network, {3, 7});
    // rho then meets the first weights, not a scale put before them.
    scale_first_layer(network, 0.5F);
    EXPECT_EQ(network.layers[3].as<Linear>()->weight.values,
              (std::vector<float>{0.5F, -0.125F, 0.25F, 0.25F}));
}

TEST(Rescale, EventNetworksAreScaledWithoutNewLayersAndRhoActsAsOnTheirInput) {
    const Input input{{2, 34, 34}, {}, {}};
    const Network before = make_architecture("event_cnn", input, 10, 3);
    std::vector<float> pixels(static_cast<std::size_t>(2 * input.shape.size()));
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i * 7 % 11 / 4);
    const MemorySamples frames({input.shape, 10, {0, 1}, pixels, "frames"});
    const std::vector<float> image(pixels.begin(), pixels.begin() + input.shape.size());
    std::vector<float> weaker = image;
    for (float& p : weaker) p *= 0.25F;
    for (const Granularity per : {Granularity::layer, Granularity::channel}) {
        Network network = before;
        normalize_activations(network, frames, {.granularity = per, .percentile = 99.99});
        ASSERT_EQ(network.layers.size(), before.layers.size());
        for (const Layer& layer : network.layers) {
            const auto* activation = layer.as<Activation>();
            if (activation == nullptr) continue;
            EXPECT_EQ(activation->neuron.threshold, std::vector<float>{1}) << layer.name;
        }
        expect_same_function(before, network, image);
        // No biases: rho on the first layer is rho on the input, whatever was scaled before.
        scale_first_layer(network, 0.25F);
        const auto scaled = reference_forward(network, image).back();
        const auto expected = reference_forward(before, weaker).back();
        for (std::size_t k = 0; k < scaled.size(); ++k)
            EXPECT_NEAR(scaled[k], expected[k], 1e-5 * (1 + std::abs(expected[k])));
    }
}

TEST(Rescale, ASilentInputIsRefused) {
    Network network = begins_with_activation();
    const MemorySamples dark({{1, 1, 2}, 2, {0}, std::vector<float>{0, 0}, "dark"});
    EXPECT_THROW(normalize_activations(network, dark, {.percentile = 99}), Error);
}

TEST(Rescale, SynopsOfActivations) {
    // relu_in reaches 2 neurons each, relu 2 outputs each.
    const std::vector<float> pixels = {1, 2, 3, 0};
    const MemorySamples two({{1, 1, 2}, 2, {0, 1}, pixels, "two"});
    // (1, 2): relu (2, 7); (3, 0): relu (12, 7).
    EXPECT_DOUBLE_EQ(activation_synops(begins_with_activation(), two),
                     (2 * 3 + 2 * 9 + 2 * 3 + 2 * 19) / 2.0);
}

TEST(Rescale, ActivationsAreSet) {
    Network network = small();
    set_activations(network, NeuronKind::quantized_relu);
    EXPECT_EQ(network.layers[3].as<Activation>()->neuron.kind, NeuronKind::quantized_relu);
    EXPECT_THROW(normalize_activations(network, samples(), {}), Error);
    set_activations(network, NeuronKind::relu);
    EXPECT_EQ(network, small());
    EXPECT_THROW(set_activations(network, NeuronKind::sign), Error);
    network.layers[3].as<Activation>()->neuron.kind = NeuronKind::sign;
    EXPECT_THROW(set_activations(network, NeuronKind::relu), Error);
}

TEST(Rescale, NullWeightsAreCounted) {
    Network network = small();
    EXPECT_EQ(null_weight_fraction(network), 1.0 / 8);
    network.layers[2].as<Linear>()->weight.values = {1e-10F, -5e-10F, 1e-8F, 1};
    EXPECT_EQ(null_weight_fraction(network), 3.0 / 8);
    EXPECT_EQ(null_weight_fraction({}), 0);
}

}  // namespace
}  // namespace ranvier
