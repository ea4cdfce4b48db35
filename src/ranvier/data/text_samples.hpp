#pragma once

#include "ranvier/data/dataset.hpp"
#include "ranvier/data/text_graph.hpp"

#include <memory>
#include <string>

namespace ranvier {

/// The graph of "text:NAME" under `root`/text, for training.
/// @throws Error(usage) if `options.set` is no text corpus; as load_text_corpus.
[[nodiscard]] TextGraph open_text_graph(const DataOptions& options, int n_threads = 0);

/// One sample, 1 x n_nodes x 1 ones, whose node_labels are the documents of the split (the first
/// `limit` of them, if given). The graph itself belongs to the network and is not built.
[[nodiscard]] std::unique_ptr<Samples> open_text_samples(const std::string& name,
                                                         const DataOptions& options);

}  // namespace ranvier
