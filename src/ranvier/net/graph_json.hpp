#pragma once

#include "ranvier/base/tensor.hpp"
#include "ranvier/net/network.hpp"

#include <map>
#include <string>

namespace ranvier {

/// The graph of a network as JSON text (docs/formats.md), without its weights.
[[nodiscard]] std::string encode_graph(const Network& network);

/// A network without weights. @throws Error(bad_input) naming layer and key; nothing is assumed of
/// the text. The network itself is not checked (infer_shapes does that, with the weights).
[[nodiscard]] Network decode_graph(const std::string& text, const std::string& where);

/// The weights of a network as named tensors, "LAYER.weight", ...; moves them out or copies them
/// in.
[[nodiscard]] std::map<std::string, Tensor> collect_weights(const Network& network);
/// @throws Error(bad_input) for a tensor that no layer has.
void distribute_weights(Network& network, std::map<std::string, Tensor> weights,
                        const std::string& where);

}  // namespace ranvier
