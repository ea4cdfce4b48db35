#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/nir/neuron_parameters.hpp"

namespace ranvier {

/// What a NIR node is in a Network: one operation that reads one layer.
/// @param in  shape of what the node reads; for an Input none.
/// @throws Error(bad_input) for parameters that are missing or do not fit; Error(unsupported) for
///         nodes that a Network does not have.
[[nodiscard]] Operation to_operation(const NirNode& node, const Shape& in,
                                     const NirArithmetic& arithmetic);

/// A Scale whose factors are all 1: nothing but a sum of what it reads.
[[nodiscard]] bool is_plain_sum(const NirNode& node);

/// c, c x l or c x h x w as a shape; c x l is c x 1 x l. @throws Error(bad_input)
[[nodiscard]] Shape node_shape(const NirNode& node);

/// A convolution of 1 x 1 that multiplies each channel by its factor.
[[nodiscard]] Convolution channel_factors(std::vector<float> factors);

}  // namespace ranvier
