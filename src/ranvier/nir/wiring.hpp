#pragma once

#include "ranvier/nir/graph.hpp"

namespace ranvier {

/// A node with what it reads; graphs inside of the graph are taken apart.
struct WiredNode {
    const NirNode* node = nullptr;
    std::string name;                  ///< of a node inside of another graph: "graph.node"
    std::vector<std::size_t> sources;  ///< indices of earlier nodes
    std::size_t n_readers = 0;
    bool passes = false;  ///< an Input or Output of an inner graph: only hands on what it reads
};

/// The nodes of a feed-forward graph in an order in which each stands behind those it reads: the
/// Input first, the Output last; otherwise in the order in which the edges name them as readers.
/// @throws Error(bad_input) for edges that name nodes that are not there, twice the same edge,
///         several inputs or outputs and nodes that nothing leads to; Error(unsupported) for
///         recurrent graphs, with the circle.
[[nodiscard]] std::vector<WiredNode> wire(const NirNode& graph);

}  // namespace ranvier
