#pragma once

#include "ranvier/train/layer_operations.hpp"

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// As convolve and convolution_gradients, for `parts` > 0.
[[nodiscard]] torch::Tensor split_convolve(const Convolution& op, const torch::Tensor& x,
                                           const torch::Tensor& weight, const torch::Tensor& bias,
                                           int parts);
[[nodiscard]] WeightedGradients split_convolution_gradients(
    const Convolution& op, const torch::Tensor& g, const torch::Tensor& x,
    const torch::Tensor& weight, const WantedGradients& wanted, int parts);

}  // namespace ranvier
