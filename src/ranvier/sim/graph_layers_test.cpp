// The layers that work on a graph: by hand, and the float engine and both spiking engines against
// the plain loops.
#include "ranvier/base/error.hpp"
#include "ranvier/net/counts.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/net/text_gcn.hpp"
#include "ranvier/sim/float_engine.hpp"
#include "ranvier/sim/float_reference.hpp"
#include "ranvier/sim/reference_run.hpp"

#include <gtest/gtest.h>

#include "tests/support/networks.hpp"
#include "tests/support/property.hpp"
#include <cmath>
#include <rapidcheck.h>

namespace ranvier {
namespace {

/// Node 0 takes 1/2 of itself and 1/4 of node 1; node 1 takes 1/4 of node 0 and 1/8 of node 2;
/// node 2 takes 1 of itself.
std::shared_ptr<const SparseMatrix> three_nodes() {
    return std::make_shared<SparseMatrix>(
        SparseMatrix{3, 3, {0, 2, 4, 5}, {0, 1, 0, 2, 2}, {0.5F, 0.25F, 0.25F, 0.125F, 1}});
}

TEST(GraphLayers, ByHand) {
    const Network network =
        text_gcn(three_nodes(), Tensor({3, 2}, {1, 2, -4, 4, 8, -8}), Tensor({2, 2}, {1, 1, 0, 2}));
    const auto values = reference_forward(network, std::vector<float>{1, 1, 1});
    EXPECT_EQ(values[1], (std::vector<float>{0.5F, 0.25F, 0.25F, 0.125F, 1}));
    // [channel][node]
    EXPECT_EQ(values[3], (std::vector<float>{-0.5F, 1.25F, 8, 2, -0.5F, -8}));
    EXPECT_EQ(values[5], (std::vector<float>{0.3125F, 1, 8, 1, 0.5F, 0}));
    EXPECT_EQ(values.back(), (std::vector<float>{1.3125F, 1.5F, 8, 2, 1, 0}));
    const auto sizes = layer_sizes(network);
    EXPECT_EQ(sizes[1].macs, 5U);
    EXPECT_EQ(sizes[3].macs, 10U);
    EXPECT_EQ(sizes[3].parameters, 6U);
    EXPECT_EQ(sizes[5].macs, 10U);
    EXPECT_EQ(sizes[7].macs, 12U);
}

TEST(GraphLayers, BadGraphsAreRefused) {
    Network network = text_gcn(three_nodes(), Tensor({3, 2}), Tensor({2, 2}));
    network.layers[1].as<EdgeValues>()->adjacency.matrix = nullptr;
    EXPECT_THROW((void)infer_shapes(network), Error);
    EXPECT_THROW((void)text_gcn(three_nodes(), Tensor({2, 2}), Tensor({2, 2})), Error);
    EXPECT_THROW((void)text_gcn(three_nodes(), Tensor({3, 2}), Tensor({2, 3})), Error);
    EXPECT_THROW((void)text_gcn(nullptr, Tensor({3, 2}), Tensor({2, 2})), Error);
}

/// A random graph with some empty rows, and a GCN on it.
Network random_gcn(std::uint64_t seed) {
    Random random(seed, 0);
    const std::int64_t n = 2 + random.below(40);
    SparseMatrix graph{n, n, {0}, {}, {}};
    for (std::int64_t r = 0; r < n; ++r) {
        for (std::int32_t c = 0; c < n && r % 7 != 6; ++c)
            if (c == r || random.below(4) == 0) {
                graph.column.push_back(c);
                graph.value.push_back(random.uniform(0.01F, 1.0F));
            }
        graph.row_start.push_back(static_cast<std::int64_t>(graph.value.size()));
    }
    const std::int64_t hidden = 1 + random.below(90);
    const std::int64_t classes = 1 + random.below(20);
    return text_gcn(std::make_shared<SparseMatrix>(graph),
                    testing::random_tensor({n, hidden}, random, 0.5F),
                    testing::random_tensor({classes, hidden}, random, 0.3F));
}

Tensor ones(const Network& network) {
    Tensor image({1, 1, network.input().shape.height, 1});
    std::fill(image.values.begin(), image.values.end(), 1.0F);
    return image;
}

TEST(GraphLayers, EngineAgreesWithThePlainLoops) {
    testing::check_property([] {
        const Network network = random_gcn(*rc::gen::inRange<std::uint64_t>(0, 1U << 20));
        Tensor images = ones(network);
        const auto n = images.values.size();
        images.dims[0] = 3;  // three different inputs
        for (std::size_t i = 0; i < 2 * n; ++i)
            images.values.push_back(static_cast<float>(i % 5) / 4);
        FloatEngine engine(network);
        const Tensor got = engine.run(images);
        for (std::size_t s = 0; s < 3; ++s) {
            const auto expected =
                reference_forward(network, std::span(images.values).subspan(s * n, n)).back();
            for (std::size_t k = 0; k < expected.size(); ++k)
                RC_ASSERT(std::abs(got.values[s * expected.size() + k] - expected[k]) <
                          1e-5F * (1 + std::abs(expected[k])));
        }
    });
}

class OneSample final : public Samples {
public:
    explicit OneSample(Tensor image) : image_(std::move(image)) {}
    std::size_t size() const override { return 1; }
    Shape shape() const override { return {image_.dims[1], image_.dims[2], image_.dims[3]}; }
    int n_classes() const override { return 1; }
    int label(std::size_t) const override { return 0; }
    void read(std::size_t, std::span<float> pixels) const override {
        std::copy(image_.values.begin(), image_.values.end(), pixels.begin());
    }
    std::string describe() const override { return "one"; }

private:
    Tensor image_;
};

// Base 2 and dyadic numbers: every sum is exact in any order.
TEST(GraphLayers, BothSpikingEnginesAgreeExactly) {
    testing::check_property([] {
        const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1U << 20);
        Network network = random_gcn(seed);
        Random random(seed, 9);
        SparseMatrix graph = *adjacency_of(network.layers[1])->matrix;
        for (float& v : graph.value) v = static_cast<float>(1 + random.below(8)) / 8;
        const auto shared = std::make_shared<const SparseMatrix>(graph);
        network.layers[1].as<EdgeValues>()->adjacency.matrix = shared;
        network.layers[5].as<GraphPropagation>()->adjacency.matrix = shared;
        auto& embedding = *network.layers[3].as<NodeEmbedding>();
        embedding.adjacency.matrix = shared;
        for (float& w : embedding.weight.values) w = std::nearbyint(w * 8) / 8;
        for (float& w : network.layers[7].as<Convolution>()->weight.values)
            w = std::nearbyint(w * 8) / 8;
        for (Layer& layer : network.layers)
            if (auto* activation = layer.as<Activation>()) {
                activation->neuron.kind = NeuronKind::one_spike;
                activation->neuron.threshold = activation->neuron.amplitude = {
                    std::ldexp(1.0F, static_cast<int>(random.below(3)))};
            }
        network.timing = {5, 5, InputCoding::binary_phase, Propagation::same_step};
        const OneSample sample(ones(network));
        SimulationOptions options;
        options.keep_logits = true;
        const auto run = [&](const std::unique_ptr<SpikingEngine>& engine) {
            return engine->run(sample, options, no_progress());
        };
        const SimulationResult expected = run(make_reference_simulator(network));
        const SimulationResult got = run(make_phase_engine(network));
        RC_ASSERT(got.spikes == expected.spikes);
        RC_ASSERT(got.logits.values == expected.logits.values);
    });
}

}  // namespace
}  // namespace ranvier
