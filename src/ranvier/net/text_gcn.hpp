#pragma once

#include "ranvier/net/network.hpp"

#include <memory>

namespace ranvier {

/// Text-GCN (Yao et al. 2019), Z = A relu(A X W0) W1 with X = I, in the order in which everything
/// but the last product is >= 0 and can be carried by spikes: edge values A X, embedding (A X) W0,
/// relu, propagation A H, linear (A H) W1. Its input is one 1 per node, its output n_classes x
/// n_nodes x 1.
/// @param embedding  W0, [n_nodes][hidden]. @param output  W1, [n_classes][hidden].
/// @throws Error(bad_input) if shapes do not fit.
[[nodiscard]] Network text_gcn(std::shared_ptr<const SparseMatrix> adjacency, Tensor embedding,
                               Tensor output);

}  // namespace ranvier
