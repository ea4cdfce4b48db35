#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/nir/graph.hpp"

#include <string>
#include <vector>

namespace ranvier {

struct NirExport {
    NirModel model;
    /// What NIR does not have and was written as something else, one line each; empty: the graph is
    /// the network.
    std::vector<std::string> approximations;
};

/// A rate-coded spiking network as a NIR graph (docs/formats.md has the arithmetic).
/// network_from_nir gives the same network back, but for what docs/formats.md lists.
/// @param lossy  write what NIR does not have as the nearest that it has, and say so.
/// @throws Error(unsupported) naming the layer for what NIR does not have, and without `lossy` for
///         what it has only approximately; Error(bad_input) as infer_shapes.
[[nodiscard]] NirExport nir_from_network(const Network& network, bool lossy);

}  // namespace ranvier
