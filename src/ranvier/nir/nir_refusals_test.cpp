// What a graph or a network has that the other does not: one error that names the place.
#include "ranvier/base/error.hpp"
#include "ranvier/nir/from_network.hpp"
#include "ranvier/nir/nir_file.hpp"
#include "ranvier/nir/nir_test_graphs.hpp"
#include "ranvier/nir/to_network.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

namespace ranvier {
namespace {

using testing::append;
using testing::node_at;

/// Expects an error with this fault and text in its message.
void expect_error(Fault fault, const std::string& says, const std::function<void()>& work) {
    try {
        work();
        ADD_FAILURE() << "nothing was refused; wanted: " << says;
    } catch (const Error& error) {
        EXPECT_EQ(error.fault(), fault) << error.what();
        EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
    }
}

void expect_refused(const NirModel& model, Fault fault, const std::string& says) {
    expect_error(fault, says, [&] { (void)network_from_nir(model, {}, "file"); });
}

NirModel chain() {
    return testing::nir_chain(testing::nir_lif("lif", 0.001F, 1));
}

TEST(NirRefusals, GraphsThatContradictThemselves) {
    NirModel model = chain();
    model.graph.edges.push_back({"lif", "nobody"});
    expect_refused(model, Fault::bad_input, "'nobody', which is not there");
    model = chain();
    model.graph.edges.push_back({"fc", "lif"});
    expect_refused(model, Fault::bad_input, "stands there twice");
    model = chain();
    model.graph.edges.push_back({"output", "lif"});
    expect_refused(model, Fault::bad_input, "leaves the output");
    model = chain();
    model.graph.edges.push_back({"lif", "input"});
    expect_refused(model, Fault::bad_input, "leads into the input");
    model = chain();
    model.graph.edges.erase(model.graph.edges.begin());
    expect_refused(model, Fault::bad_input, "node 'fc' (Affine): no edge leads to it");
    model = chain();
    node_at(model, "input").type = "Output";
    expect_refused(model, Fault::bad_input, "0 inputs and 2 outputs");
    model = chain();
    node_at(model, "output").parameters["shape"] = testing::nir_integers({2});
    expect_refused(model, Fault::bad_input, "node 'output'");
}

TEST(NirRefusals, RecurrentGraphs) {
    NirModel model = chain();
    model.graph.edges.push_back({"lif", "fc"});
    expect_refused(model, Fault::unsupported, "recurrent (");
    model = chain();
    model.graph.edges.push_back({"lif", "lif"});
    expect_refused(model, Fault::unsupported, "recurrent (lif -> lif)");
}

TEST(NirRefusals, NodesThatRanvierDoesNotHave) {
    const std::pair<const char*, const char*> nodes[] = {{"CubaLIF", "synaptic current"},
                                                         {"CubaLI", "synaptic current"},
                                                         {"LI", "does not fire"},
                                                         {"I", "does not fire"},
                                                         {"Oracle", "not a node"}};
    for (const auto& [type, says] : nodes) {
        NirModel model = chain();
        node_at(model, "lif").type = type;
        expect_refused(model, Fault::unsupported, says);
        expect_refused(model, Fault::unsupported, fmt::format("node 'lif' ({})", type));
    }
}

TEST(NirRefusals, ParametersThatRanvierDoesNotHave) {
    const auto with = [](const char* name, NirValue value) {
        NirModel model = chain();
        node_at(model, "lif").parameters[name] = std::move(value);
        return model;
    };
    const float nan = std::numeric_limits<float>::quiet_NaN();
    expect_refused(with("v_reset", testing::nir_floats({0.5F})), Fault::unsupported, "v_reset");
    expect_refused(with("tau", testing::nir_floats({1e-5F})), Fault::unsupported, "--dt");
    expect_refused(with("tau", testing::nir_floats({nan})), Fault::bad_input, "tau holds nan");
    expect_refused(with("r", testing::nir_floats({-1})), Fault::unsupported, "r is not positive");
    expect_refused(with("v_threshold", testing::nir_floats({0})), Fault::unsupported, "threshold");
    expect_refused(with("v_threshold", testing::nir_floats({1, 1})), Fault::bad_input, "[2]");
    expect_refused(with("v_threshold", NirValue(std::string("high"))), Fault::bad_input, "text");
    NirModel model = chain();
    node_at(model, "lif").parameters.erase("r");
    expect_refused(model, Fault::bad_input, "has no r");
    model = chain();
    node_at(model, "fc").parameters["weight"] = {{1, 1}, std::vector{nan}};
    expect_refused(model, Fault::bad_input, "layer 'fc'");
}

TEST(NirRefusals, ValuesThatDifferWithinAChannel) {
    NirModel model = testing::nir_chain(
        testing::nir_node("if", "IF",
                          {{"r", {{1, 1, 2}, std::vector{1.0F, 1.0F}}},
                           {"v_reset", {{1, 1, 2}, std::vector{0.0F, 0.0F}}},
                           {"v_threshold", {{1, 1, 2}, std::vector{1.0F, 2.0F}}}}));
    node_at(model, "input").parameters["shape"] = testing::nir_integers({1, 1, 2});
    model.graph.edges = {{"input", "if"}, {"if", "output"}};
    std::erase_if(model.graph.nodes, [](const NirNode& node) { return node.name == "fc"; });
    expect_refused(model, Fault::unsupported, "within channel 0");
}

TEST(NirRefusals, SharedGraphsThatAreRecurrentOrBroken) {
    if (!std::filesystem::exists(testing::shared_nir())) GTEST_SKIP() << "needs ../shared/data/nir";
    const std::pair<const char*, const char*> graphs[] = {
        {"braille_noDelay_bias_zero.nir", "recurrent (lif1."},
        {"braille_noDelay_noBias_subtract.nir", "recurrent (lif1."},
        {"braille_noDelay_bias_zero_subgraph.nir", "node 'lif', which is not there"},
        {"braille_noDelay_noBias_subtract_subgraph.nir", "node 'lif', which is not there"}};
    for (const auto& [name, says] : graphs) {
        const NirModel model = read_nir(testing::shared_nir() / name);
        const bool broken = std::string(name).find("subgraph") != std::string::npos;
        expect_refused(model, broken ? Fault::bad_input : Fault::unsupported, says);
    }
}

Network network_with(Operation operation, int steps = 5) {
    Network network;
    append(network, "input", Input{{2, 4, 4}, {}, {}});
    append(network, "layer", std::move(operation));
    append(network, "output", Output{});
    network.timing.steps = steps;
    return network;
}

Activation spiking(NeuronKind kind, Reset reset) {
    Neuron neuron;
    neuron.kind = kind;
    neuron.reset = reset;
    return {neuron};
}

TEST(NirRefusals, WhatIsOnlyNearlyInNirNeedsLossy) {
    MaxPool pool;
    pool.window = testing::average_pool2().window;
    const std::pair<Operation, const char*> cases[] = {
        {spiking(NeuronKind::integrate_fire, Reset::subtract), "subtracts its threshold"},
        {spiking(NeuronKind::leaky_same_step, Reset::subtract), "subtracts its threshold"},
        {spiking(NeuronKind::leaky_delayed, Reset::subtract), "a step late"},
        {spiking(NeuronKind::multi_spike, Reset::subtract), "several spikes"},
        {pool, "takes the maximum"}};
    for (const auto& [operation, says] : cases) {
        const Network network = network_with(operation);
        expect_error(Fault::unsupported, says, [&] { (void)nir_from_network(network, false); });
        const NirExport written = nir_from_network(network, true);
        ASSERT_FALSE(written.approximations.empty());
        EXPECT_TRUE(written.approximations[0].starts_with("layer 'layer': "));
        EXPECT_NO_THROW((void)network_from_nir(written.model, {}, "file"));
    }
}

TEST(NirRefusals, WhatIsNotInNirAtAll) {
    Convolution uneven;
    uneven.weight = Tensor({1, 2, 1, 1});
    uneven.window.pad_top = 1;
    AveragePool pool = testing::average_pool2();
    pool.window.pad_top = pool.window.pad_bottom = 1;
    const std::pair<Operation, const char*> cases[] = {
        {Activation{}, "convert the network first"},
        {spiking(NeuronKind::one_spike, Reset::subtract), "phase codes"},
        {uneven, "pads one side"},
        {pool, "without its padding"},
        {Dropout{}, "dropout"},
        {Concat{}, "NIR has no such node"}};
    for (const auto& [operation, says] : cases)
        expect_error(Fault::unsupported, says,
                     [&] { (void)nir_from_network(network_with(operation), true); });
    Network phases = network_with(Flatten{});
    phases.timing.input = InputCoding::binary_phase;
    expect_error(Fault::unsupported, "phase codes", [&] { (void)nir_from_network(phases, true); });
}

}  // namespace
}  // namespace ranvier
