#pragma once

#include "ranvier/net/network.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace ranvier {

/// One piece of work of a float forward pass: a layer together with what was fused into it.
struct FloatNode {
    const Operation* operation = nullptr;  ///< in the network that the graph was made from
    std::vector<std::size_t> inputs;       ///< layers whose values are read
    /// Convolution and linear only: a layer whose values are added to the result.
    std::optional<std::size_t> addend;
    bool relu = false;                  ///< convolution and linear only: applied last
    Tensor folded_weight, folded_bias;  ///< with the batch norm behind it; empty: nothing folded

    [[nodiscard]] bool weighted() const;
    [[nodiscard]] const Tensor& weight() const;  ///< of a convolution or linear node
    [[nodiscard]] const Tensor& bias() const;    ///< likewise; may be empty
};

/// A network as FloatEngine executes it. Every index is a layer of the network.
///
/// Fused: batch norm and relu into the convolution or linear layer before them, an add into one of
/// the convolutions or linear layers that it reads, a flatten into the linear layer behind it; each
/// only where nobody else reads the value in between. Dropout, output and the flattening of a
/// vector do nothing, so they share the values of their input.
struct FloatGraph {
    std::vector<std::optional<FloatNode>> nodes;  ///< [n_layers]; empty: fused or shared
    std::vector<std::size_t> source;              ///< [n_layers]: the node that holds its values
    std::vector<std::size_t> last_use;            ///< [n_layers]: the last layer that reads them
};

/// @param network   sound (infer_shapes); must outlive the graph.
/// @param observed  layers whose values must exist, ascending.
[[nodiscard]] FloatGraph make_float_graph(const Network& network,
                                          std::span<const std::size_t> observed);

}  // namespace ranvier
