#include "ranvier/nir/nir_file.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/nir/nir_test_graphs.hpp"

#include <gtest/gtest.h>

#include "tests/support/property.hpp"

namespace ranvier {
namespace {

const NirValue& value_of(const NirNode& graph, const std::string& node, const std::string& name) {
    return std::ranges::find(graph.nodes, node, &NirNode::name)->parameters.at(name);
}

TEST(NirFile, EveryGraphComesBackAsItWas) {
    testing::check_property([](std::uint64_t seed) {
        Random random(seed, 0);
        const NirModel model{"0.2.0", testing::random_graph(random, 2)};
        const std::string bytes = nir_bytes(model);
        const NirModel back = read_nir_bytes(bytes, "file");
        RC_ASSERT(back == model);
        RC_ASSERT(nir_bytes(back) == bytes);  // signs of zeros too
    });
}

TEST(NirFile, ValuesByHand) {
    NirModel model = testing::nir_chain(testing::nir_lif("lif", 0.002F, 1));
    model.graph.parameters.emplace("metadata/dt", NirValue(1e-4));
    const NirModel back = read_nir_bytes(nir_bytes(model), "file");
    EXPECT_EQ(back.version, "1.0.7");
    EXPECT_EQ(back.graph.type, "NIRGraph");
    EXPECT_EQ(back.graph.nodes.size(), 4U);
    EXPECT_EQ(value_of(back.graph, "lif", "tau"), testing::nir_floats({0.002F}));
    EXPECT_EQ(value_of(back.graph, "input", "shape"), testing::nir_integers({1}));
    EXPECT_EQ(back.graph.parameters.at("metadata/dt"), NirValue(1e-4));
    EXPECT_EQ(back.graph.edges[0], (NirEdge{"input", "fc"}));
}

TEST(NirFile, NamesThatHdf5DoesNotAllowAreRefused) {
    for (const char* name : {"", ".", "a/b"}) {
        NirModel model = testing::nir_chain(testing::nir_lif("lif", 0.002F, 1));
        model.graph.nodes[0].name = name;
        EXPECT_THROW((void)nir_bytes(model), Error) << name;
    }
}

TEST(NirFile, AValueThatDoesNotFitItsShapeIsRefused) {
    NirModel model = testing::nir_chain(testing::nir_lif("lif", 0.002F, 1));
    model.graph.nodes[0].parameters["bias"].dims = {2};
    EXPECT_THROW((void)nir_bytes(model), Error);
}

struct SharedGraph {
    const char* name;
    std::size_t n_nodes, n_edges;
    const char* version;
};

class SharedNir : public ::testing::TestWithParam<SharedGraph> {};

TEST_P(SharedNir, IsReadWholeAndComesBackAsItWas) {
    const auto path = testing::shared_nir() / GetParam().name;
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "needs ../shared/data/nir";
    const NirModel model = read_nir(path);
    EXPECT_EQ(model.version, GetParam().version);
    EXPECT_EQ(model.graph.nodes.size(), GetParam().n_nodes);
    EXPECT_EQ(model.graph.edges.size(), GetParam().n_edges);
    EXPECT_EQ(read_nir_bytes(nir_bytes(model), "copy"), model);
    EXPECT_NE(nir_text(model, "graph").find("input (Input) -> "), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Graphs, SharedNir,
    ::testing::Values(SharedGraph{"braille_noDelay_bias_zero.nir", 7, 7, "0.2.0"},
                      SharedGraph{"braille_noDelay_bias_zero_subgraph.nir", 6, 5, "0.2.0"},
                      SharedGraph{"braille_noDelay_noBias_subtract.nir", 7, 7, "0.2.0"},
                      SharedGraph{"braille_noDelay_noBias_subtract_subgraph.nir", 6, 5, "0.2.0"},
                      SharedGraph{"cnn_sinabs.nir", 15, 14, "0.2.0"},
                      SharedGraph{"lif_norse.nir", 4, 3, "0.1.1"},
                      SharedGraph{"lif_rockpool.nir", 4, 3, "0.2.0"}));

TEST(SharedNirValues, AreThoseThatH5pyReads) {
    const auto path = testing::shared_nir() / "braille_noDelay_bias_zero_subgraph.nir";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "needs ../shared/data/nir";
    const NirModel model = read_nir(path);
    const NirNode& inner = *std::ranges::find(model.graph.nodes, "lif1", &NirNode::name);
    ASSERT_EQ(inner.nodes.size(), 4U);
    EXPECT_EQ(inner.edges[1], (NirEdge{"lif", "lin"}));
    const auto& tau = std::get<std::vector<double>>(value_of(inner, "lif1", "tau_mem").values);
    EXPECT_EQ(tau, std::vector<double>(38, 0.0009999997615814777));
    EXPECT_EQ(value_of(inner, "lin", "weight").dims, (std::vector<std::int64_t>{38, 38}));
    EXPECT_NE(nir_text(model, "graph").find("there is no node 'lif'"), std::string::npos);
}

}  // namespace
}  // namespace ranvier
