#include "ranvier/convert/rescale.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/sim/float_reference.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"

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
