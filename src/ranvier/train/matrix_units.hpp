#pragma once

#include "ranvier/net/network.hpp"

namespace ranvier {

// Convolutions of factors that are rounded to bfloat16, and whose sums are float32, by processors'
// matrix units (AMX), which are some eight times as fast at that as others are at float32.

/// Images [n][height][width][channels], weights [to.channels][kernel_h][kernel_w][from.channels].
struct ConvolutionSizes {
    std::int64_t n = 0;
    Shape from, to;
    Window window;
};

/// Whether this processor has such units, and this program what uses them (oneDNN).
[[nodiscard]] bool has_matrix_units();

/// The convolution's output. With bias: [to.channels]; null: none.
/// @return false if the units cannot do it well; then nothing was written. So below.
[[nodiscard]] bool units_convolve(const ConvolutionSizes& sizes, const float* x,
                                  const float* weight, const float* bias, float* y);
/// The gradient of x from that of y, `g`.
[[nodiscard]] bool units_input_gradient(const ConvolutionSizes& sizes, const float* g,
                                        const float* weight, float* x_gradient);
[[nodiscard]] bool units_weight_gradient(const ConvolutionSizes& sizes, const float* g,
                                         const float* x, float* weight_gradient);

}  // namespace ranvier
