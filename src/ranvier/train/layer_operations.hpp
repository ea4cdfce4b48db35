#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/train/torch.hpp"
#include "ranvier/train/trainer.hpp"

// Includes LibTorch: only for source files of this part.
namespace ranvier {

// Layers without state on values [n][channels][height][width] in channels-last memory order,
// through which LibTorch can compute gradients.

constexpr auto channels_last = at::MemoryFormat::ChannelsLast;

/// [n][channels] -> [n][channels][1][1].
[[nodiscard]] torch::Tensor as_image(const torch::Tensor& vector);
/// A tensor with these values, in row-major order, of `options`.
[[nodiscard]] torch::Tensor row_major(const Tensor& source, const torch::TensorOptions& options);
/// [1][channels][1][1], so that it meets images channel by channel.
[[nodiscard]] torch::Tensor per_channel(const std::vector<float>& values,
                                        const torch::TensorOptions& options);

/// @param op  outlives the graph of gradients. So below.
[[nodiscard]] torch::Tensor convolve(const Convolution& op, const torch::Tensor& x,
                                     const torch::Tensor& weight, const torch::Tensor& bias,
                                     Precision precision = Precision::float32);
/// By LibTorch, with factors as they are.
[[nodiscard]] torch::Tensor convolve_directly(const Convolution& op, const torch::Tensor& x,
                                              const torch::Tensor& weight,
                                              const torch::Tensor& bias);
[[nodiscard]] torch::Tensor apply_linear(const torch::Tensor& x, const torch::Tensor& weight,
                                         const torch::Tensor& bias,
                                         Precision precision = Precision::float32);
/// @param out  shape of the result.
[[nodiscard]] torch::Tensor pool_average(const AveragePool& op, const torch::Tensor& x,
                                         const Shape& out);
[[nodiscard]] torch::Tensor pool_maximum(const MaxPool& op, const torch::Tensor& x,
                                         const Shape& out);
[[nodiscard]] torch::Tensor take_shortcut(const Shortcut& op, const torch::Tensor& x);

/// Gradients of a weighted layer's input, weight and bias; undefined where not wanted.
struct WeightedGradients {
    torch::Tensor input, weight, bias;
};
struct WantedGradients {
    bool input = true, weight = true, bias = true;
};
/// @param g  of the layer's output.
[[nodiscard]] WeightedGradients convolution_gradients(const Convolution& op, const torch::Tensor& g,
                                                      const torch::Tensor& x,
                                                      const torch::Tensor& weight,
                                                      const WantedGradients& wanted,
                                                      Precision precision = Precision::float32);
[[nodiscard]] WeightedGradients direct_gradients(const Convolution& op, const torch::Tensor& g,
                                                 const torch::Tensor& x,
                                                 const torch::Tensor& weight,
                                                 const WantedGradients& wanted);
[[nodiscard]] WeightedGradients linear_gradients(const torch::Tensor& g, const torch::Tensor& x,
                                                 const torch::Tensor& weight,
                                                 const WantedGradients& wanted,
                                                 Precision precision = Precision::float32);

}  // namespace ranvier
