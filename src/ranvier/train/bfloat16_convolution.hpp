#pragma once

#include "ranvier/train/layer_operations.hpp"

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// As convolve and convolution_gradients, with Precision::bfloat16.
[[nodiscard]] torch::Tensor bfloat16_convolve(const Convolution& op, const torch::Tensor& x,
                                              const torch::Tensor& weight,
                                              const torch::Tensor& bias);
[[nodiscard]] WeightedGradients bfloat16_convolution_gradients(const Convolution& op,
                                                               const torch::Tensor& g,
                                                               const torch::Tensor& x,
                                                               const torch::Tensor& weight,
                                                               const WantedGradients& wanted);

}  // namespace ranvier
