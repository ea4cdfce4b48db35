#include "ranvier/sim/float_graph.hpp"

#include "ranvier/sim/float_test_networks.hpp"

#include <gtest/gtest.h>

namespace ranvier {
namespace {

Convolution convolution() {
    return {{3, 3, 1, 1, 1, 1, 1, 1, 1, 1}, 1, random_tensor({4, 4, 3, 3}, 1, 1), {}};
}

BatchNorm batch_norm() {
    return {random_tensor({4}, 1, 2), random_tensor({4}, 1, 3), random_tensor({4}, 1, 4),
            Tensor({4}, {1, 2, 3, 4}), 0};
}

/// A residual block: 1 convolution, 2 batch norm, 3 relu, 4 convolution, 5 batch norm, 6 add, 7
/// relu; then a linear layer.
Network residual_network() {
    Network network;
    network.layers = {{"in", {}, Input{{4, 5, 5}, {}, {}}},
                      {"c1", {0}, convolution()},
                      {"n1", {1}, batch_norm()},
                      {"r1", {2}, Activation{}},
                      {"c2", {3}, convolution()},
                      {"n2", {4}, batch_norm()},
                      {"add", {5, 0}, Add{}},
                      {"r2", {6}, Activation{}},
                      {"flat", {7}, Flatten{}},
                      {"linear", {8}, Linear{random_tensor({2, 100}, 1, 5), {}}},
                      {"out", {9}, Output{}}};
    return network;
}

std::vector<std::size_t> places(const FloatGraph& graph) {
    std::vector<std::size_t> found;
    for (std::size_t l = 0; l < graph.nodes.size(); ++l)
        if (graph.nodes[l]) found.push_back(l);
    return found;
}

using Places = std::vector<std::size_t>;

TEST(FloatGraph, FusesAResidualBlock) {
    const Network network = residual_network();
    const FloatGraph graph = make_float_graph(network, {});
    EXPECT_EQ(places(graph), (Places{0, 3, 7, 9}));
    EXPECT_TRUE(graph.nodes[3]->relu);
    EXPECT_TRUE(graph.nodes[7]->relu);
    EXPECT_EQ(graph.nodes[7]->addend, 0U);
    EXPECT_EQ(graph.nodes[7]->inputs, Places{3});
    EXPECT_EQ(graph.nodes[9]->inputs, Places{7});
    EXPECT_EQ(graph.source[10], 9U);
    EXPECT_EQ(graph.last_use[0], 7U);
    EXPECT_FALSE(graph.nodes[3]->bias().empty()) << "batch norm brings a bias";
}

TEST(FloatGraph, KeepsObservedLayers) {
    const Network network = residual_network();
    const Places observed = {1, 5, 8};
    const FloatGraph graph = make_float_graph(network, observed);
    EXPECT_EQ(places(graph), (Places{0, 1, 2, 3, 5, 6, 7, 8, 9}));
    EXPECT_EQ(graph.last_use[1], 2U);
    EXPECT_EQ(graph.last_use[8], 8U);
}

TEST(FloatGraph, DoesNotFuseWhatOthersRead) {
    Network network = residual_network();
    network.layers[6].inputs = {5, 1};  // the add reads the first convolution, too
    const FloatGraph graph = make_float_graph(network, {});
    EXPECT_TRUE(graph.nodes[1]);
    EXPECT_TRUE(graph.nodes[2]);
    EXPECT_TRUE(graph.nodes[3]);
    EXPECT_EQ(graph.nodes[7]->addend, 1U);
}

}  // namespace
}  // namespace ranvier
