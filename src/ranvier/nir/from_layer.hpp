#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/nir/graph.hpp"

#include <functional>

namespace ranvier {

/// How a layer becomes a node.
struct LayerContext {
    const Layer& layer;
    Shape in, out;
    bool flat_in = false;  ///< what it reads is a vector, not c x 1 x 1
    double dt = 1;
    /// Says what of the layer is written as something else; throws where that is not wanted.
    std::function<void(const std::string&)> approximate;
};

/// The node of one layer, without its name. A neuron's amplitude is not in it, nor an input's
/// normalization.
/// @throws Error(unsupported) for what NIR does not have.
[[nodiscard]] NirNode node_of_layer(const LayerContext& context);

/// A node with one array of float32 that has one value for each value of the layer.
[[nodiscard]] NirNode scale_node(const std::vector<float>& factors, const Shape& shape, bool flat);

/// A convolution that adds `shift` to each channel.
[[nodiscard]] NirNode shift_node(const std::vector<float>& shift, const Shape& shape);

/// [c], or [c, h, w].
[[nodiscard]] std::vector<std::int64_t> dims_of(const Shape& shape, bool flat);

}  // namespace ranvier
