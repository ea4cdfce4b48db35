#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/train/trainer.hpp"

namespace ranvier {

// Convolutions that oneDNN computes faster than LibTorch, which asks it for direct ones in float32
// alone:
// - Precision::bfloat16: factors rounded to bfloat16, summed in float32 by processors' matrix units
//   (AMX), some eight times as fast;
// - Precision::float32: by Winograd's method, with about a quarter of the products (Lavin & Gray,
//   "Fast algorithms for convolutional neural networks", 2016), for 3x3 windows on processors with
//   AVX-512; an error of some 1e-6 of the largest result.

/// Images [n][height][width][channels], weights [to.channels][kernel_h][kernel_w][from.channels].
struct ConvolutionSizes {
    std::int64_t n;
    Shape from, to;
    Window window;
};

/// Whether to ask for them. By measurement (VGG-9 at several widths): with fewer than 64 channels
/// or few pixels, bringing values into Winograd's order takes longer than the products that are
/// saved.
[[nodiscard]] bool onednn_pays(const ConvolutionSizes& sizes, Precision precision);

/// The convolution's output. With bias: [to.channels]; null: none.
/// @return false if that does not pay or oneDNN has no way; then nothing was written. So below.
[[nodiscard]] bool onednn_convolve(const ConvolutionSizes& sizes, Precision precision,
                                   const float* x, const float* weight, const float* bias,
                                   float* y);

struct ConvolutionFactors {
    const float *g, *x, *weight;  ///< g: gradient of the output
};

/// Gradients of x and weight; null: that one is not wanted.
[[nodiscard]] bool onednn_gradients(const ConvolutionSizes& sizes, Precision precision,
                                    const ConvolutionFactors& factors, float* x_gradient,
                                    float* weight_gradient);

}  // namespace ranvier
