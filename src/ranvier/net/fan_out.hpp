#pragma once

#include "ranvier/net/network.hpp"

#include <vector>

namespace ranvier {

/// Synapses that leave one input value of a layer that has_synapses, by its place on the plane:
/// [in height][in width], the same for all channels. Borders respected: a pixel in the corner
/// reaches fewer outputs. All zero for layers without weights.
[[nodiscard]] std::vector<double> fan_out_map(const Layer& layer, const Shape& in,
                                              const Shape& out);

/// The same for a pixel far from any border: k_h k_w (n_out / groups) / (stride_h stride_w);
/// linear and embedding: n_out; on a graph the mean number of edges.
[[nodiscard]] double nominal_fan_out(const Layer& layer, const Shape& out);

/// What a value of each activation layer reaches: the sum of the nominal fan-outs of the layers
/// with synapses that read it, directly or through pools and the like. [n_layers]; 0 for others.
/// @throws Error(bad_input) for an unsound network.
[[nodiscard]] std::vector<double> activation_fan_outs(const Network& network);

}  // namespace ranvier
