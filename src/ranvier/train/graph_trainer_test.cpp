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

TEST(GraphTrainer, StopsWhenTheValidationLossRises) {
    const TextGraph graph = two_topics();
    GraphTrainOptions options;
    options.hidden = 4;
    options.epochs = 200;
    options.dropout = 0.9;  // so noisy that some epoch makes it worse
    options.patience = 1;
    const auto epochs = train_text_gcn(graph, options).epochs;
    ASSERT_LT(epochs.size(), 200U);
    const std::size_t n = epochs.size();
    ASSERT_GT(n, 3U);
    EXPECT_GT(epochs[n - 1].validation_loss, epochs[n - 2].validation_loss);
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
