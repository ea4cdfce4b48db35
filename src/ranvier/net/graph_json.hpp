#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/net/safetensors.hpp"

#include <string>

namespace ranvier {

/// The graph of a network as JSON text (docs/formats.md), without its weights.
[[nodiscard]] std::string encode_graph(const Network& network);

/// A network without weights. @throws Error(bad_input) naming layer and key; nothing is assumed of
/// the text. The network itself is not checked (infer_shapes does that, with the weights).
[[nodiscard]] Network decode_graph(const std::string& text, const std::string& where);

/// The weights of a network as named tensors: "LAYER.weight", ... Int8 weights are there as their
/// integers, with "LAYER.weight_scale" beside them; binary ones as packed signs, with the scale and
/// "LAYER.weight_shape".
void collect_weights(const Network& network, Safetensors& content);
/// The other way; takes the tensors out of `content`.
/// @throws Error(bad_input) for a tensor that no layer has, and int8 or binary weights without
/// usable scales.
void distribute_weights(Network& network, Safetensors& content, const std::string& where);

}  // namespace ranvier
