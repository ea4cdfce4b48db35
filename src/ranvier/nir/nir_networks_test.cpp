// Networks to graphs and back.
#include "ranvier/base/error.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/nir/from_network.hpp"
#include "ranvier/nir/neuron_parameters.hpp"
#include "ranvier/nir/nir_file.hpp"
#include "ranvier/nir/nir_test_graphs.hpp"
#include "ranvier/nir/to_network.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"
#include <limits>

namespace ranvier {
namespace {

using testing::append;
using testing::node_at;
using testing::random_tensor;

Network through_nir(const Network& network) {
    const NirExport written = nir_from_network(network, false);
    EXPECT_TRUE(written.approximations.empty());
    return network_from_nir(read_nir_bytes(nir_bytes(written.model), "file"), {}, "file");
}

/// One value, or one for each channel that differ.
std::vector<float> random_positive(Random& random, std::int64_t channels) {
    std::vector<float> values(random.below(2) == 0 ? 1 : static_cast<std::size_t>(channels));
    for (float& v : values) v = random.uniform(0.01F, 3.0F);
    return values;
}

Neuron random_neuron(Random& random, std::int64_t channels) {
    Neuron neuron;
    neuron.reset = Reset::zero;
    neuron.kind = random.below(2) == 0 ? NeuronKind::integrate_fire : NeuronKind::leaky_same_step;
    if (neuron.kind == NeuronKind::leaky_same_step && random.below(4) != 0)
        neuron.leak = random.uniform(0.001F, 0.999F);
    else if (neuron.kind == NeuronKind::leaky_same_step)
        neuron.leak = 0;
    neuron.threshold = random_positive(random, channels);
    if (random.below(2) == 0) neuron.amplitude = random_positive(random, channels);
    return neuron;
}

Convolution random_convolution(Random& random, std::int64_t channels) {
    const std::int64_t groups = 1 + random.below(2);
    const std::int64_t n_out = groups * (1 + random.below(3));
    const std::int64_t h = 1 + random.below(3), w = 1 + random.below(3);
    Convolution conv;
    conv.groups = channels % groups == 0 ? groups : 1;
    conv.weight = random_tensor({n_out, channels / conv.groups, h, w}, random);
    if (random.below(2) == 0) conv.bias = random_tensor({n_out}, random);
    conv.window.kernel_h = h, conv.window.kernel_w = w;
    conv.window.stride_h = 1 + random.below(2), conv.window.stride_w = 1 + random.below(2);
    conv.window.pad_top = conv.window.pad_bottom = random.below(3);
    conv.window.pad_left = conv.window.pad_right = random.below(3);
    conv.window.dilation_h = 1 + random.below(2);
    return conv;
}

Convolution ones(std::int64_t channels) {
    Convolution conv;
    conv.groups = channels;
    conv.window = testing::average_pool2().window;
    conv.weight = Tensor({channels, 1, 2, 2}, std::vector<float>(4UL * channels, 1.0F));
    return conv;
}

std::int64_t channels_of(const Network& network) {
    Network whole = network;
    append(whole, "end", Output{});
    return infer_shapes(whole).back().channels;
}

void append_neuron(Network& network, const std::string& name, Random& random) {
    append(network, name, Activation{random_neuron(random, channels_of(network))});
}

/// conv -> neuron, sometimes with a sum of two branches or a pool behind.
void append_block(Network& network, const std::string& name, Random& random) {
    append(network, name + "/conv", random_convolution(random, channels_of(network)));
    append_neuron(network, name + "/neuron", random);
    const std::size_t from = network.layers.size() - 1;
    const std::int64_t channels = channels_of(network);
    switch (random.below(4)) {
        case 0: {
            Convolution square;
            square.weight = random_tensor({channels, channels, 1, 1}, random);
            append(network, name + "/side", square);
            network.layers.push_back({name + "/add", {from, from + 1}, Add{}});
            append_neuron(network, name + "/after", random);
            break;
        }
        case 1:
            append(network, name + "/sum", ones(channels));
            break;
        case 2:
            append(network, name + "/pool", AveragePool{{2, 2, 1, 1, 1, 1, 1, 1}, false, true});
            break;
        default:
            break;
    }
}

Network random_network(std::uint64_t seed) {
    Random random(seed, 3);
    Network network;
    append(network, "input", Input{{1 + random.below(3), 44, 43}, {}, {}});
    for (std::uint32_t k = random.below(3); k > 0; --k)
        append_block(network, "block" + std::to_string(k), random);
    append(network, "flatten", Flatten{});
    for (std::uint32_t k = random.below(3); k > 0; --k) {
        const std::int64_t n_out = 1 + random.below(5);
        Linear linear{random_tensor({n_out, channels_of(network)}, random), {}};
        if (random.below(2) == 0) linear.bias = random_tensor({n_out}, random);
        append(network, "fc" + std::to_string(k), linear);
        append_neuron(network, "fire" + std::to_string(k), random);
    }
    append(network, "output", Output{});
    network.timing.steps = static_cast<int>(random.below(50));
    return network;
}

TEST(NirNetworks, ComeBackToTheLastBit) {
    testing::check_property([](std::uint64_t seed) {
        const Network network = random_network(seed);
        const Network back = through_nir(network);
        RC_ASSERT(back.layers == network.layers);
        RC_ASSERT(back.timing == network.timing);
    });
}

TEST(NirNetworks, VectorsAndIntegerWeights) {
    Network network;
    append(network, "pixels", Input{{3, 1, 1}, {}, {}});
    append(network, "fc", Linear{Tensor({2, 3}, {1, -2, 3, 0, 0.5F, 4}), {}});
    Neuron neuron;
    neuron.kind = NeuronKind::integrate_fire;
    neuron.reset = Reset::zero;
    append(network, "n", Activation{neuron});
    append(network, "sum", Output{});
    network.timing.steps = 7;
    const NirExport written = nir_from_network(network, false);
    const NirNode& graph = written.model.graph;
    EXPECT_EQ(graph.nodes[0].type, "Linear");
    EXPECT_EQ(graph.nodes[1].type, "IF");
    EXPECT_EQ(graph.nodes[1].parameters.at("v_threshold"),
              testing::nir_floats({0.99999994F, 0.99999994F}));
    EXPECT_EQ(graph.nodes[2].parameters.at("shape"), testing::nir_integers({3}));
    EXPECT_EQ(graph.parameters.at("metadata/steps"), NirValue(std::int64_t{7}));
    EXPECT_EQ(through_nir(network).layers, network.layers);
}

TEST(NirNetworks, ThresholdsFireForTheSameMembranes) {
    testing::check_property([](std::uint32_t bits) {
        const float threshold = std::bit_cast<float>(1 + bits % 0x7f7fffffU);  // positive, finite
        RC_ASSERT(threshold_above(value_below(threshold)) == threshold);
        for (const float u : {value_below(threshold), threshold})
            RC_ASSERT((u >= threshold) == (u > value_below(threshold)));
    });
    EXPECT_EQ(threshold_above(0.1), 0.1F) << "0.1 lies between two floats; the upper is 0.1F";
    EXPECT_EQ(threshold_above(1.0), std::nextafter(1.0F, 2.0F));
}

TEST(NirNetworks, LifByForwardEuler) {
    // dt / tau = 0.25; gain 0.25 * r = 0.5; thresholds (1.5 - 0.5) / 0.5 = 2 over rest.
    NirNode lif = testing::nir_lif("lif", 4, 1.5F);
    lif.parameters["r"] = testing::nir_floats({2});
    lif.parameters["v_leak"] = lif.parameters["v_reset"] = testing::nir_floats({0.5F});
    const Neuron neuron = neuron_of_node(lif, {1, 1, 1}, {1.0, Reset::subtract});
    EXPECT_EQ(neuron.kind, NeuronKind::leaky_same_step);
    EXPECT_EQ(neuron.reset, Reset::zero);
    EXPECT_EQ(neuron.leak, 0.75F);
    EXPECT_EQ(neuron.threshold, std::vector{2.0F});
}

TEST(NirNetworks, NeuronsWithoutVResetDoAsIsSaid) {
    NirNode lif = testing::nir_lif("lif", 4, 1);
    lif.parameters.erase("v_reset");
    EXPECT_EQ(neuron_of_node(lif, {1, 1, 1}, {1.0, Reset::subtract}).reset, Reset::subtract);
    EXPECT_EQ(neuron_of_node(lif, {1, 1, 1}, {1.0, Reset::zero}).reset, Reset::zero);
}

TEST(NirNetworks, TheTimestepIsTheCallersThenTheFilesThenTheDefault) {
    NirModel model = testing::nir_chain(testing::nir_lif("lif", 0.001F, 1));
    const auto leak = [&](const NirOptions& options) {
        return network_from_nir(model, options, "file").layers[2].as<Activation>()->neuron.leak;
    };
    EXPECT_EQ(leak({}), 0.9F);
    model.graph.parameters.emplace("metadata/dt", NirValue(5e-4));
    EXPECT_EQ(leak({}), 0.5F);
    EXPECT_EQ(leak({.dt = 2.5e-4}), 0.75F);
    EXPECT_EQ(network_from_nir(model, {}, "file").timing.steps, 100);
    model.graph.parameters.emplace("metadata/steps", NirValue(std::int64_t{9}));
    EXPECT_EQ(network_from_nir(model, {}, "file").timing.steps, 9);
    EXPECT_EQ(network_from_nir(model, {.steps = 3}, "file").timing.steps, 3);
}

TEST(NirNetworks, AGraphInsideOfAGraphIsTakenApart) {
    NirModel model = testing::nir_chain(testing::nir_lif("lif", 0.001F, 1));
    NirModel inner = testing::nir_chain(testing::nir_lif("lif", 0.002F, 1));
    inner.graph.name = "lif";
    node_at(model, "lif") = inner.graph;
    const Network network = network_from_nir(model, {}, "file");
    std::vector<std::string> names;
    for (const Layer& layer : network.layers) names.push_back(layer.name);
    EXPECT_EQ(names, (std::vector<std::string>{"input", "fc", "lif.fc", "lif.lif", "output"}));
}

TEST(NirNetworks, SeveralEdgesIntoANodeAreAdded) {
    NirModel model = testing::nir_chain(testing::nir_lif("lif", 0.001F, 1));
    model.graph.edges.insert(model.graph.edges.begin() + 1, {"input", "lif"});
    const Network network = network_from_nir(model, {}, "file");
    ASSERT_EQ(network.layers.size(), 5U);
    EXPECT_NE(network.layers[2].as<Add>(), nullptr);
    EXPECT_EQ(network.layers[2].inputs, (std::vector<std::size_t>{0, 1}));
}

TEST(NirNetworks, Conv1dIsAConvolutionOfOneRow) {
    NirModel model =
        testing::nir_chain(testing::nir_node("conv", "Conv1d",
                                             {{"weight", {{2, 3, 2}, std::vector<float>(12, 0.5F)}},
                                              {"bias", testing::nir_floats({0, 0})},
                                              {"stride", NirValue(std::int64_t{1})},
                                              {"padding", NirValue(std::string("same"))},
                                              {"dilation", NirValue(std::int64_t{1})},
                                              {"groups", NirValue(std::int64_t{1})}}));
    node_at(model, "input").parameters["shape"] = testing::nir_integers({3, 8});
    node_at(model, "output").parameters["shape"] = testing::nir_integers({2, 8});
    model.graph.edges = {{"input", "conv"}, {"conv", "output"}};
    std::erase_if(model.graph.nodes, [](const NirNode& node) { return node.name == "fc"; });
    const Network network = network_from_nir(model, {}, "file");
    EXPECT_EQ(infer_shapes(network).back(), (Shape{2, 1, 8}));
    EXPECT_EQ(network.layers[1].as<Convolution>()->window.pad_right, 1);
    EXPECT_TRUE(network.layers[1].as<Convolution>()->bias.empty());
}

}  // namespace
}  // namespace ranvier
