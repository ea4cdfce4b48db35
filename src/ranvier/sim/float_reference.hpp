#pragma once

#include "ranvier/net/network.hpp"

#include <functional>
#include <span>
#include <vector>

namespace ranvier {

/// Replaces an activation layer's value, for instance by what a spike code can say of it.
using ActivationRule = std::function<float(std::size_t layer, std::size_t index, float value)>;

/// Computes a float network for one image by plain loops, each sum in double precision and in
/// index order, each layer's values rounded to float. Slow; kept as the judge of FloatEngine and of
/// the passes.
///
/// An average pool divides as PyTorch does: by the pixels inside the image, or, with
/// count_include_pad, by those inside image and padding; what ceil mode lets a window reach beyond
/// the padding never counts. A max pool ignores padding; a dilated window that meets no pixel at
/// all gives the lowest float.
///
/// @param image  [channels][height][width] pixels in [0, 1]; normalized here.
/// @param rule   if given, applied to every value of every activation layer.
/// @return [n_layers], each [channels][height][width] of that layer's output.
/// @throws Error(bad_input) as infer_shapes, or if `image` has the wrong size; Error(unsupported)
///         if a neuron is spiking.
[[nodiscard]] std::vector<std::vector<float>> reference_forward(const Network& network,
                                                                std::span<const float> image,
                                                                const ActivationRule& rule = {});

/// @throws Error(unsupported) naming the first layer whose neuron is spiking.
void require_float_neurons(const Network& network);

}  // namespace ranvier
