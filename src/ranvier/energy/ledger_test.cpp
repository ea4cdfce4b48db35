#include "ranvier/energy/ledger.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/net/text_gcn.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"

namespace ranvier {
namespace {

using namespace testing;

/// 1x4x4 -> conv 3x3 (2) -> neuron -> [average pool 2] -> flatten -> linear 3 -> neuron ->
/// linear 2.
Network small_network(bool pool) {
    Network network;
    append(network, "input", Input{{1, 4, 4}, {}, {}});
    append(network, "conv", convolution3x3(Tensor({2, 1, 3, 3})));
    append(network, "neuron1", Activation{});
    if (pool) append(network, "pool", average_pool2());
    append(network, "flatten", Flatten{});
    append(network, "fc1", Linear{Tensor({3, pool ? 8 : 32}), {}});
    append(network, "neuron2", Activation{});
    append(network, "fc2", Linear{Tensor({2, 3}), {}});
    append(network, "output", Output{});
    network.timing.steps = 10;
    for (Layer& layer : network.layers)
        if (auto* activation = layer.as<Activation>())
            activation->neuron.kind = NeuronKind::integrate_fire;
    return network;
}

SimulationResult run_with(const Network& network,
                          std::map<std::string, std::vector<std::uint64_t>> spikes,
                          std::size_t samples) {
    SimulationResult result;
    result.samples = samples;
    result.steps = network.timing.steps;
    for (const Layer& layer : network.layers) result.spikes.push_back(spikes[layer.name]);
    return result;
}

const LayerLedger& row(const Ledger& ledger, const std::string& name) {
    for (const LayerLedger& layer : ledger.layers)
        if (layer.name == name) return layer;
    throw std::out_of_range(name);
}

TEST(Ledger, HandComputedGraphNetwork) {
    // Edges into node 0 from 0 and 1, into node 1 from 0, into node 2 from 2.
    const auto graph = std::make_shared<SparseMatrix>(
        SparseMatrix{3, 3, {0, 2, 3, 4}, {0, 1, 0, 2}, {1, 1, 1, 1}});
    Network network = text_gcn(graph, Tensor({3, 5}), Tensor({2, 5}));
    network.timing = {4, 4, InputCoding::binary_phase, Propagation::same_step};
    for (Layer& layer : network.layers)
        if (auto* activation = layer.as<Activation>())
            activation->neuron.kind = NeuronKind::one_spike;
    std::vector<std::uint64_t> hidden(15, 0);  // [channel][node]
    hidden[0] = hidden[1] = hidden[4] = 1;     // nodes 0, 1 and 1
    const auto result = run_with(network,
                                 {{"nodes", {4, 4, 4}},
                                  {"edges_relu", {1, 0, 1, 1}},
                                  {"embedding_relu", hidden},
                                  {"propagation_relu", hidden}},
                                 1);
    const Ledger ledger = spiking_ledger(network, result, {});
    EXPECT_EQ(row(ledger, "edges").synops, 16);  // 4 spikes a node over 2, 1 and 1 edges
    EXPECT_EQ(row(ledger, "edges").macs, 4U);
    EXPECT_EQ(row(ledger, "embedding").synops, 15);  // 3 spikes to 5 channels
    EXPECT_EQ(row(ledger, "embedding").macs, 20U);
    EXPECT_EQ(row(ledger, "propagation").synops, 4);  // 2 edges leave node 0, 1 leaves node 1
    EXPECT_EQ(row(ledger, "propagation").synops_nominal, 4);  // 3 spikes * 4 / 3 edges
    EXPECT_EQ(row(ledger, "classes").synops, 6);
    EXPECT_EQ(ledger.spiking_macs, 0);
}

TEST(Ledger, HandComputedRateCodedNetwork) {
    // 2 samples; neuron1 fires 32 * 4 spikes in all, neuron2 3 + 0 + 1.
    const Network network = small_network(false);
    const auto result = run_with(
        network, {{"neuron1", std::vector<std::uint64_t>(32, 4)}, {"neuron2", {3, 0, 1}}}, 2);
    LedgerOptions options;
    options.first_layer = FirstLayer::once;
    const Ledger ledger = spiking_ledger(network, result, options);
    EXPECT_EQ(row(ledger, "conv").macs, 288U);  // 9 * 2 * 16
    EXPECT_EQ(row(ledger, "fc1").macs, 96U);
    EXPECT_EQ(row(ledger, "fc2").macs, 6U);
    EXPECT_EQ(ledger.macs, 390);
    EXPECT_EQ(row(ledger, "neuron1").spikes, 64);
    EXPECT_EQ(row(ledger, "neuron1").spikes_per_neuron, 2);
    EXPECT_EQ(row(ledger, "fc1").synops, 64 * 3);
    EXPECT_EQ(row(ledger, "fc2").synops, 2 * 2);
    EXPECT_EQ(ledger.synops, 196);
    EXPECT_EQ(ledger.synops_nominal, 196) << "linear layers have no borders";
    EXPECT_EQ(ledger.spiking_macs, 288);
    EXPECT_NEAR(ledger.energy_pj, 288 * 4.6 + 196 * 0.9, 1e-9);
    EXPECT_NEAR(ledger.float_energy_pj, 390 * 4.6, 1e-9);
    EXPECT_NEAR(ledger.spikes_per_neuron, 66.0 / 35.0, 1e-12);
    EXPECT_NEAR(ledger.normalized_operations, 2.0, 1e-12) << "only fc1 counts: rate 2";
    EXPECT_NEAR(ledger.efficiency_eq6, 390 * 4.6 / (288 * 4.6 + (96 * 2.0 + 6 * 2.0 / 3.0) * 0.9),
                1e-9);
    options.first_layer = FirstLayer::per_step;
    EXPECT_EQ(spiking_ledger(network, result, options).spiking_macs, 2880);
    options.constants = int8_45nm();
    EXPECT_NEAR(spiking_ledger(network, result, options).energy_pj, 2880 * 0.23 + 196 * 0.03, 1e-9);
    options.constants = int8_multiplier_only_45nm();
    EXPECT_NEAR(spiking_ledger(network, result, options).energy_pj, 2880 * 0.20 + 196 * 0.03, 1e-9);
}

TEST(Ledger, BothReadingsOfTheInt8GainAreInThePapersTableVI) {
    // Where nothing multiplies, the gain of int8 over fp32 is a ratio of constants: 1.50 or 1.304.
    Network network = small_network(false);
    network.timing = {16, 16, InputCoding::binary_phase, Propagation::same_step};
    const auto result = run_with(network,
                                 {{"input", std::vector<std::uint64_t>(16, 3)},
                                  {"neuron1", std::vector<std::uint64_t>(32, 1)},
                                  {"neuron2", {1, 0, 1}}},
                                 1);
    const auto efficiency = [&](const EnergyConstants& constants) {
        return spiking_ledger(network, result, {constants}).efficiency_eq6;
    };
    EXPECT_NEAR(efficiency(int8_45nm()) / efficiency(fp32_45nm()), 1.50, 0.005);
    EXPECT_NEAR(efficiency(int8_multiplier_only_45nm()) / efficiency(fp32_45nm()), 1.304, 0.001);
}

TEST(Ledger, SpikesPassThroughAveragePools) {
    const Network network = small_network(true);
    const auto result = run_with(
        network, {{"neuron1", std::vector<std::uint64_t>(32, 1)}, {"neuron2", {0, 0, 0}}}, 1);
    const Ledger ledger = spiking_ledger(network, result, {});
    EXPECT_EQ(row(ledger, "fc1").synops, 32 * 3) << "every spike of a window reaches all three";
    EXPECT_EQ(row(ledger, "fc1").input_rate, 1) << "per neuron, not per pooled value";
    EXPECT_EQ(row(ledger, "pool").synops, 0);
}

TEST(Ledger, PhaseCodedInputAndBorders) {
    Network network = small_network(false);
    network.timing = {16, 16, InputCoding::binary_phase, Propagation::same_step};
    std::vector<std::uint64_t> pixels(16, 0);
    pixels[0] = 2;  // a corner: 2 * 2 positions, 2 channels
    pixels[5] = 1;  // the middle: 3 * 3 positions
    const auto result = run_with(
        network,
        {{"input", pixels}, {"neuron1", std::vector<std::uint64_t>(32, 0)}, {"neuron2", {0, 0, 0}}},
        1);
    const Ledger ledger = spiking_ledger(network, result, {});
    EXPECT_EQ(row(ledger, "conv").synops, 2 * 8 + 18);
    EXPECT_EQ(row(ledger, "conv").synops_nominal, 3 * 18);
    EXPECT_EQ(ledger.spiking_macs, 0);
    EXPECT_EQ(ledger.fired_fraction, 0);
    EXPECT_EQ(ledger.spikes, 0) << "input spikes are not the network's";
    EXPECT_NEAR(row(ledger, "conv").input_rate, 3.0 / 16, 1e-12);
}

TEST(Ledger, OneSpikeInputIsCountedLikeBinaryInput) {
    Network network = small_network(false);
    std::vector<std::uint64_t> pixels(16, 1);
    pixels[5] = 0;
    const auto result = run_with(
        network,
        {{"input", pixels}, {"neuron1", std::vector<std::uint64_t>(32, 1)}, {"neuron2", {1, 0, 0}}},
        1);
    network.timing = {16, 16, InputCoding::binary_phase, Propagation::same_step};
    const Ledger binary = spiking_ledger(network, result, {});
    network.timing.input = InputCoding::one_spike_phase;
    const Ledger ledger = spiking_ledger(network, result, {});
    // On each axis 2 + 3 + 3 + 2 window positions; the silent pixel has 3 * 3; 2 channels.
    EXPECT_EQ(row(ledger, "conv").synops, (10 * 10 - 9) * 2);
    EXPECT_EQ(ledger.energy_pj, binary.energy_pj);
    EXPECT_EQ(ledger.spiking_macs, 0);
    EXPECT_NEAR(ledger.fired_fraction, 33.0 / 35, 1e-12);
}

TEST(Ledger, FractionsOfNeuronsThatFire) {
    Network network = small_network(false);
    network.timing = {16, 16, InputCoding::binary_phase, Propagation::same_step};
    const auto result = run_with(network,
                                 {{"input", std::vector<std::uint64_t>(16, 0)},
                                  {"neuron1", std::vector<std::uint64_t>(32, 1)},
                                  {"neuron2", {0, 2, 1}}},
                                 2);
    const Ledger ledger = spiking_ledger(network, result, {});
    EXPECT_NEAR(ledger.fired_fraction, (16 + 1.5) / 35, 1e-12);
    EXPECT_NEAR(ledger.fired_fraction_layer_mean, (0.5 + 0.5) / 2, 1e-12);
}

TEST(Ledger, ShortcutSpikesCostOneAdditionEach) {
    Network network = branched_network(1);
    network.timing.steps = 4;
    for (Layer& layer : network.layers)
        if (auto* activation = layer.as<Activation>())
            activation->neuron.kind = NeuronKind::integrate_fire;
    const auto shapes = infer_shapes(network);
    SimulationResult result;
    result.samples = 1;
    result.steps = 4;
    for (std::size_t l = 0; l < shapes.size(); ++l) {
        const bool emits = network.layers[l].as<Activation>() != nullptr ||
                           network.layers[l].as<MaxPool>() != nullptr;
        result.spikes.emplace_back(emits ? static_cast<std::size_t>(shapes[l].size()) : 0, 1);
    }
    const Ledger ledger = spiking_ledger(network, result, {});
    EXPECT_EQ(row(ledger, "add").synops, 4 * 9)
        << "4 channels of a 6x6 plane, every second row and column";
    // 10 channels; along an axis of 3 the padded windows of 2 hold pixels 2 + 2 + 1 times.
    EXPECT_EQ(row(ledger, "linear").synops, 10 * 25 * 3);
}

TEST(Ledger, SinabsOracle) {
    // Border-exact SynOps per weight layer; behind a 2x2 pool every spike of the window counts.
    for (const char* folder : {"n4_network_nobound", "n4_network_low_minus1"}) {
        RANVIER_NEEDS_ORACLE(folder);
        Network network;
        append(network, "input", Input{{1, 14, 14}, {}, {}});
        Convolution conv1, conv2;
        conv1.weight = read_npy(oracle(folder) / "w1.npy");
        conv2.weight = read_npy(oracle(folder) / "w2.npy");
        conv1.window.kernel_h = conv1.window.kernel_w = conv2.window.kernel_h =
            conv2.window.kernel_w = 3;
        append(network, "conv1", conv1);
        append(network, "neuron1", Activation{});
        append(network, "pool1", average_pool2());
        append(network, "conv2", conv2);
        append(network, "neuron2", Activation{});
        append(network, "pool2", average_pool2());
        append(network, "flatten", Flatten{});
        append(network, "fc3", Linear{read_npy(oracle(folder) / "w3.npy"), {}});
        append(network, "neuron3", Activation{});
        append(network, "output", Output{});
        network.timing = {30, 0, InputCoding::binary_phase,
                          Propagation::same_step};  // spikes come in
        std::map<std::string, std::vector<std::uint64_t>> spikes;
        const auto sum = [&](const char* layer, const char* file) {
            const Tensor counts = read_npy(oracle(folder) / file);
            const std::size_t size = counts.size() / 30;
            spikes[layer].resize(size);
            for (std::size_t i = 0; i < counts.size(); ++i)
                spikes[layer][i % size] += static_cast<std::uint64_t>(counts.values[i]);
        };
        sum("input", "input.npy");
        sum("neuron1", "spike_counts1.npy");
        sum("neuron2", "spike_counts2.npy");
        sum("neuron3", "spike_counts3.npy");
        const Ledger ledger = spiking_ledger(network, run_with(network, spikes, 1), {});
        const Tensor expected = read_npy(oracle(folder) / "sinabs_synops_per_weight_layer.npy");
        EXPECT_NEAR(row(ledger, "conv1").synops, expected.values[0], 0.5);
        EXPECT_NEAR(row(ledger, "conv2").synops, expected.values[1], 0.5);
        EXPECT_NEAR(row(ledger, "fc3").synops, expected.values[2], 0.5);
    }
}

TEST(Ledger, FloatNetworkPaysItsMacs) {
    Network network = small_network(false);
    const Ledger ledger = float_ledger(network, {});
    EXPECT_EQ(ledger.macs, 390);
    EXPECT_NEAR(ledger.energy_pj, 390 * 4.6, 1e-9);
    EXPECT_EQ(ledger.synops, 0);
}

TEST(Ledger, RefusesARunOfAnotherNetwork) {
    const Network network = small_network(false);
    SimulationResult result;
    result.samples = 1;
    EXPECT_THROW((void)spiking_ledger(network, result, {}), Error);
}

}  // namespace
}  // namespace ranvier
