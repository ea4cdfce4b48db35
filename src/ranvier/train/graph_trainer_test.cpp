#include "ranvier/train/graph_trainer.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/sim/float_reference.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ranvier {
namespace {

/// Two classes whose documents share no words but one.
TextGraph two_topics() {
    std::vector<RawDocument> documents;
    for (int d = 0; d < 60; ++d) {
        const bool sea = d % 2 == 0;
        const char* words[] = {"wave", "fish", "boat", "sand", "hill", "snow", "rock", "goat"};
        std::string text = "the";
        for (int k = 0; k < 3; ++k)
            text += std::string(" ") + words[(d / 2 + k) % 4 + (sea ? 0 : 4)];
        documents.push_back({text, sea ? "sea" : "mountain", d < 40 ? Split::train : Split::test});
    }
    return make_text_graph(make_corpus("two", documents, true), 3);
}

double accuracy(const Network& network, const TextGraph& graph,
                const std::vector<std::int64_t>& nodes) {
    const std::vector<float> ones(static_cast<std::size_t>(graph.adjacency.n_rows), 1.0F);
    const std::vector<float> logits = reference_forward(network, ones).back();
    const auto n_nodes = static_cast<std::size_t>(graph.adjacency.n_rows);
    int right = 0;
    for (const std::int64_t node : nodes) {
        const auto i = static_cast<std::size_t>(node);
        right += (logits[i] > logits[n_nodes + i] ? 0 : 1) == graph.label[i] ? 1 : 0;
    }
    return right / static_cast<double>(nodes.size());
}

TEST(GraphTrainer, LearnsTwoTopics) {
    const TextGraph graph = two_topics();
    GraphTrainOptions options;
    options.hidden = 10;
    options.epochs = 60;
    const GraphTrainResult result = train_text_gcn(graph, options);
    EXPECT_LT(result.epochs.back().loss, 0.3 * result.epochs.front().loss);
    EXPECT_EQ(accuracy(result.network, graph, graph.test), 1.0);
    // The network's own forward pass is what training saw.
    EXPECT_EQ(accuracy(result.network, graph, graph.validation),
              result.epochs.back().validation_accuracy);
    // Same seed and threads, same weights.
    EXPECT_TRUE(train_text_gcn(graph, options).network == result.network);
    options.seed = 2;
    EXPECT_FALSE(train_text_gcn(graph, options).network == result.network);
}

/// The rule in its plainest form: is `losses[n]` above the mean of the `patience` before it?
bool above_mean_before(const std::vector<GraphEpoch>& epochs, std::size_t n, std::size_t patience) {
    double sum = 0;
    for (std::size_t k = 1; k <= patience; ++k) sum += epochs[n - k].validation_loss;
    return epochs[n].validation_loss > sum / static_cast<double>(patience);
}

TEST(GraphTrainer, StopsAtTheFirstEpochWhoseValidationLossIsAboveTheMeanBefore) {
    TextGraph graph = two_topics();
    // Validation documents with the wrong class: what training learns makes them worse.
    for (const std::int64_t node : graph.validation) {
        auto& label = graph.label[static_cast<std::size_t>(node)];
        label = 1 - label;
    }
    GraphTrainOptions options;
    options.hidden = 8;
    options.epochs = 60;
    options.dropout = 0;
    for (const int patience : {1, 5}) {
        options.patience = patience;
        const auto epochs = train_text_gcn(graph, options).epochs;
        const auto n = static_cast<std::size_t>(patience);
        ASSERT_GT(epochs.size(), n + 1);
        EXPECT_LT(epochs.size(), 60U);
        for (std::size_t e = n + 1; e < epochs.size(); ++e)
            EXPECT_EQ(above_mean_before(epochs, e, n), e + 1 == epochs.size()) << "epoch " << e;
    }
    options.patience = 0;
    EXPECT_EQ(train_text_gcn(graph, options).epochs.size(), 60U);
}

TEST(GraphTrainer, RefusesOptionsOutOfRange) {
    const TextGraph graph = two_topics();
    GraphTrainOptions options;
    options.dropout = 1;
    EXPECT_THROW((void)train_text_gcn(graph, options), Error);
    options = {};
    options.hidden = 0;
    EXPECT_THROW((void)train_text_gcn(graph, options), Error);
}

}  // namespace
}  // namespace ranvier
