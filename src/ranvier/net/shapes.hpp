#pragma once

#include "ranvier/net/network.hpp"

#include <vector>

namespace ranvier {

/// Output height and width of a pooling or convolution, [height, width] from a shape. Ceil mode as
/// in PyTorch: a window that would start in the right or bottom padding is left out.
[[nodiscard]] Shape windowed_shape(const Shape& in, const Window& window, bool ceil_mode,
                                   std::int64_t channels);

/// Checks one layer alone and returns the shape of its output.
/// @param in  shapes of its inputs: none for an Input, at least one for Add and Concat, else one.
/// @throws Error(bad_input) as infer_shapes, for what concerns this layer.
[[nodiscard]] Shape output_shape(const Layer& layer, const std::vector<Shape>& in);

/// Checks the whole network and returns the shape of every layer's output, [n_layers].
/// Checked: order and number of inputs, unique names, one Input first and one Output last, sizes of
/// all weights, finite weights, usable neurons, every layer read by a later one, and that no
/// layer's values or weights exceed 2^31.
/// @throws Error(bad_input) naming the layer, what was found and what is needed.
[[nodiscard]] std::vector<Shape> infer_shapes(const Network& network);

}  // namespace ranvier
