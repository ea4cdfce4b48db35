#pragma once

#include "ranvier/base/progress.hpp"
#include "ranvier/data/text_graph.hpp"
#include "ranvier/net/network.hpp"

#include <cstdint>
#include <vector>

// No LibTorch header here: callers of the trainer do not pay for compiling them.
namespace ranvier {

/// Defaults are those of Text-GCN (Yao et al. 2019).
struct GraphTrainOptions {
    int hidden = 200;
    int epochs = 200;  ///< at most
    double learning_rate = 0.02;
    double dropout = 0.5;  ///< of the hidden layer
    /// Training stops after an epoch beyond this many if the validation loss is above the mean of
    /// the so many before it; 0: never.
    int patience = 10;
    std::uint64_t seed = 1;
    int n_threads = 0;  ///< 0: all cores
};

struct GraphEpoch {
    int epoch = 0;                  ///< from 1
    double loss = 0, accuracy = 0;  ///< of the train documents, with dropout, before the update
    double validation_loss = 0, validation_accuracy = 0;  ///< after it, without dropout
    double seconds = 0;
};

struct GraphTrainResult {
    Network network;  ///< text_gcn (net/text_gcn.hpp)
    std::vector<GraphEpoch> epochs;
};

/// Trains a Text-GCN on a whole graph at once: cross entropy over the train documents, Adam, Glorot
/// uniform weights. Same seed and number of threads, same weights.
/// @throws Error(bad_input) for options out of range, or if the loss stops being finite.
[[nodiscard]] GraphTrainResult train_text_gcn(const TextGraph& graph,
                                              const GraphTrainOptions& options,
                                              Progress& progress = no_progress());

}  // namespace ranvier
