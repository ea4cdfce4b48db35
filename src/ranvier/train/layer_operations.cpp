#include "ranvier/train/layer_operations.hpp"

#include "ranvier/net/shapes.hpp"
#include "ranvier/train/fast_convolution.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace ranvier {

namespace {

bool symmetric(const Window& w) {
    return w.pad_top == w.pad_bottom && w.pad_left == w.pad_right;
}

bool padded(const Window& w) {
    return w.pad_top != 0 || w.pad_left != 0 || w.pad_bottom != 0 || w.pad_right != 0;
}

/// The padded image that the windows of a pooling cover exactly: right and bottom are padded (or
/// cropped) as far as the last window reaches, so that no rounding mode is left to apply.
torch::Tensor pad_to_windows(const torch::Tensor& x, const Window& w, const Shape& out,
                             double value) {
    const auto reach = [](std::int64_t n, std::int64_t kernel, std::int64_t stride,
                          std::int64_t dilation) {
        return (n - 1) * stride + dilation * (kernel - 1) + 1;
    };
    const std::int64_t height = reach(out.height, w.kernel_h, w.stride_h, w.dilation_h);
    const std::int64_t width = reach(out.width, w.kernel_w, w.stride_w, w.dilation_w);
    return torch::constant_pad_nd(
        x, {w.pad_left, width - w.pad_left - x.size(3), w.pad_top, height - w.pad_top - x.size(2)},
        value);
}

torch::Tensor sum_windows(const torch::Tensor& x, const Window& w) {
    return torch::avg_pool2d(x, {w.kernel_h, w.kernel_w}, {w.stride_h, w.stride_w}, {0, 0}, false,
                             true, 1);
}

/// What each window of an average pool divides by, [1][1][height][width].
torch::Tensor window_sizes(const torch::Tensor& x, const AveragePool& op, const Shape& out) {
    const Window& w = op.window;
    torch::Tensor ones = torch::ones({1, 1, x.size(2), x.size(3)}, x.options());
    if (op.count_include_pad)
        ones = torch::constant_pad_nd(ones, {w.pad_left, w.pad_right, w.pad_top, w.pad_bottom}, 1);
    Window rest = w;  // what is still to be padded
    if (op.count_include_pad) rest.pad_left = rest.pad_top = 0;
    return sum_windows(pad_to_windows(ones, rest, out, 0), w);
}

/// Both sides of a padding alike; else the image is padded first.
struct ConvolutionPadding {
    torch::Tensor x;
    std::array<std::int64_t, 2> padding;
};

ConvolutionPadding pad_convolution(const Window& w, const torch::Tensor& x) {
    if (symmetric(w)) return {x, {w.pad_top, w.pad_left}};
    return {torch::constant_pad_nd(x, {w.pad_left, w.pad_right, w.pad_top, w.pad_bottom}, 0),
            {0, 0}};
}

/// A linear layer's, on images of one pixel.
const Convolution one_to_one;

/// As the weight of a 1x1 convolution.
torch::Tensor as_kernel(const torch::Tensor& weight) {
    return weight.unsqueeze(2).unsqueeze(3);
}

}  // namespace

torch::Tensor as_image(const torch::Tensor& vector) {
    return vector.view({vector.size(0), vector.size(1), 1, 1});
}

torch::Tensor row_major(const Tensor& source, const torch::TensorOptions& options) {
    torch::Tensor tensor = torch::empty(source.dims, torch::kFloat32);
    std::copy(source.values.begin(), source.values.end(), tensor.data_ptr<float>());
    return tensor.to(options);
}

/// [1][channels][1][1], so that it meets images channel by channel.
torch::Tensor per_channel(const std::vector<float>& values, const torch::TensorOptions& options) {
    const auto n = static_cast<std::int64_t>(values.size());
    return row_major(Tensor({1, n, 1, 1}, values), options);
}

torch::Tensor convolve(const Convolution& op, const torch::Tensor& x, const torch::Tensor& weight,
                       const torch::Tensor& bias, Precision precision) {
    return wants_fast(op, x, weight, precision) ? fast_convolve(op, x, weight, bias, precision)
                                                : convolve_directly(op, x, weight, bias);
}

torch::Tensor convolve_directly(const Convolution& op, const torch::Tensor& x,
                                const torch::Tensor& weight, const torch::Tensor& bias) {
    const Window& w = op.window;
    const ConvolutionPadding padded_x = pad_convolution(w, x);
    return torch::conv2d(padded_x.x, weight, bias, {w.stride_h, w.stride_w}, padded_x.padding,
                         {w.dilation_h, w.dilation_w}, op.groups);
}

torch::Tensor apply_linear(const torch::Tensor& in, const torch::Tensor& weight,
                           const torch::Tensor& bias, Precision precision) {
    const torch::Tensor x = in.flatten(1);
    if (!x.is_cpu() && precision == Precision::float32)
        return as_image(torch::linear(x, weight, bias));
    // As a 1x1 convolution it is computed by oneDNN on LibTorch's own threads. OpenBLAS, which
    // Debian's LibTorch multiplies matrices with, has threads of its own that take the cores from
    // these while they wait, and does not know every processor's vector instructions.
    return convolve(one_to_one, as_image(x), as_kernel(weight), bias, precision);
}

torch::Tensor pool_average(const AveragePool& op, const torch::Tensor& x, const Shape& out) {
    const Window& w = op.window;
    if (!op.ceil_mode && !padded(w))
        return torch::avg_pool2d(x, {w.kernel_h, w.kernel_w}, {w.stride_h, w.stride_w});
    return sum_windows(pad_to_windows(x, w, out, 0), w) / window_sizes(x, op, out);
}

torch::Tensor pool_maximum(const MaxPool& op, const torch::Tensor& in, const Shape& out) {
    const Window& w = op.window;
    constexpr double never_the_maximum = std::numeric_limits<float>::lowest();
    const torch::Tensor x =
        !op.ceil_mode && !padded(w) ? in : pad_to_windows(in, w, out, never_the_maximum);
    return torch::max_pool2d(x, {w.kernel_h, w.kernel_w}, {w.stride_h, w.stride_w}, {0, 0},
                             {w.dilation_h, w.dilation_w});
}

torch::Tensor take_shortcut(const Shortcut& op, const torch::Tensor& x) {
    const auto every = [&](const torch::Tensor& image, std::int64_t axis) {
        return image.slice(axis, 0, image.size(axis), op.stride);
    };
    return torch::constant_pad_nd(every(every(x, 2), 3),
                                  {0, 0, 0, 0, op.channels_before, op.channels_after}, 0);
}

WeightedGradients convolution_gradients(const Convolution& op, const torch::Tensor& g,
                                        const torch::Tensor& x, const torch::Tensor& weight,
                                        const WantedGradients& wanted, Precision precision) {
    return wants_fast(op, x, weight, precision)
               ? fast_gradients(op, g, x, weight, wanted, precision)
               : direct_gradients(op, g, x, weight, wanted);
}

WeightedGradients direct_gradients(const Convolution& op, const torch::Tensor& g,
                                   const torch::Tensor& x, const torch::Tensor& weight,
                                   const WantedGradients& wanted) {
    const Window& w = op.window;
    const ConvolutionPadding padded_x = pad_convolution(w, x);
    auto [input, weights, bias] = at::convolution_backward(
        g, padded_x.x, weight, at::IntArrayRef{weight.size(0)}, {w.stride_h, w.stride_w},
        padded_x.padding, {w.dilation_h, w.dilation_w}, false, {0, 0}, op.groups,
        {wanted.input, wanted.weight, wanted.bias});
    if (wanted.input && !symmetric(w))
        input = input.slice(2, w.pad_top, w.pad_top + x.size(2))
                    .slice(3, w.pad_left, w.pad_left + x.size(3));
    return {input, weights, bias};
}

WeightedGradients linear_gradients(const torch::Tensor& g, const torch::Tensor& in,
                                   const torch::Tensor& weight, const WantedGradients& wanted,
                                   Precision precision) {
    const torch::Tensor x = in.flatten(1);
    WeightedGradients result;
    if (x.is_cpu() || precision == Precision::bfloat16) {
        result =
            convolution_gradients(one_to_one, g, as_image(x), as_kernel(weight), wanted, precision);
        if (wanted.weight) result.weight = result.weight.flatten(1);
        return result;
    }
    const torch::Tensor rows = g.flatten(1);
    if (wanted.input) result.input = as_image(rows.mm(weight));
    if (wanted.weight) result.weight = rows.t().mm(x);
    if (wanted.bias) result.bias = rows.sum(0);
    return result;
}

}  // namespace ranvier
