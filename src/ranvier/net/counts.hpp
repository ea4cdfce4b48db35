#pragma once

#include "ranvier/net/network.hpp"

#include <cstdint>
#include <vector>

namespace ranvier {

/// Static counts of one layer, for one sample.
struct LayerSize {
    Shape out;                     ///< shape of its output
    std::uint64_t parameters = 0;  ///< weights and biases (batch norm: scale and shift)
    /// Multiply-accumulates of convolution and linear layers, n_in/groups * kernel * n_out *
    /// positions, borders not respected (the field's convention); 0 for all other layers.
    std::uint64_t macs = 0;
    std::uint64_t neurons = 0;  ///< outputs of an activation layer, else 0
};

/// [n_layers]. @throws Error(bad_input) as infer_shapes.
[[nodiscard]] std::vector<LayerSize> layer_sizes(const Network& network);

/// The sum over layers; `out` is the network's output.
[[nodiscard]] LayerSize total_size(const std::vector<LayerSize>& sizes);

}  // namespace ranvier
