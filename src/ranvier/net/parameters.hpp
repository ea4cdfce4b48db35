#pragma once

#include "ranvier/base/tensor.hpp"
#include "ranvier/net/network.hpp"

#include <string>
#include <vector>

namespace ranvier {

/// A trained array under PyTorch's name for it: "LAYER.weight", "LAYER.bias", and of a batch norm
/// also "LAYER.running_mean", "LAYER.running_var".
struct Parameter {
    std::string name;
    Tensor values;
};

/// All trained arrays, layer by layer.
[[nodiscard]] std::vector<Parameter> parameters(const Network& network);

/// `network` with these arrays in place of its own, all of them. A convolution or linear layer may
/// lose or gain its bias. Weights are float32 afterwards, whatever they were.
/// @throws Error(bad_input) naming the array: one that no layer has, one twice, one that is
/// missing,
///         another shape, a value that is not finite.
[[nodiscard]] Network with_parameters(Network network, const std::vector<Parameter>& given);

}  // namespace ranvier
