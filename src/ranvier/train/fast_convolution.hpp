#pragma once

#include "ranvier/train/layer_operations.hpp"

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// Whether fast_convolve and fast_gradients are for this one: always with Precision::bfloat16,
/// whose rounding is theirs, else where oneDNN is faster than LibTorch (onednn_convolution.hpp).
[[nodiscard]] bool wants_fast(const Convolution& op, const torch::Tensor& x,
                              const torch::Tensor& weight, Precision precision);
/// As convolve and convolution_gradients.
[[nodiscard]] torch::Tensor fast_convolve(const Convolution& op, const torch::Tensor& x,
                                          const torch::Tensor& weight, const torch::Tensor& bias,
                                          Precision precision);
[[nodiscard]] WeightedGradients fast_gradients(const Convolution& op, const torch::Tensor& g,
                                               const torch::Tensor& x, const torch::Tensor& weight,
                                               const WantedGradients& wanted, Precision precision);

}  // namespace ranvier
