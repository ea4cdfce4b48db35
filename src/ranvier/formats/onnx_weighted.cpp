// Operators with weights: Conv, Gemm, MatMul, BatchNormalization.
#include "ranvier/formats/onnx_operators.hpp"

#include <algorithm>
#include <cmath>

namespace ranvier::onnx_import {

namespace {

constexpr std::int64_t max_extent = std::int64_t{1} << 24;  // as in shape inference

/// Two or four numbers in [low, 2^24).
Dims window_numbers(const Node& node, const char* attribute, Dims fallback, std::int64_t low) {
    const Dims values = node.integers(attribute).value_or(fallback);
    if (values.size() == fallback.size() / 2 || values.size() == fallback.size() * 3 / 2)
        node.refuse(
            "{} has {} values, for another number of spatial axes; only two-dimensional "
            "layers are supported",
            attribute, values.size());
    if (values.size() != fallback.size())
        node.damaged("{} has {} values; it must have {}", attribute, values.size(),
                     fallback.size());
    for (const std::int64_t v : values)
        if (v < low || v >= max_extent)
            node.damaged("{} holds {}; allowed is {} to {}", attribute, v, low, max_extent - 1);
    return values;
}

/// Padding before and behind so that the output has ceil(in / stride) places (auto_pad SAME).
std::pair<std::int64_t, std::int64_t> same_padding(std::int64_t in, std::int64_t kernel,
                                                   std::int64_t stride, std::int64_t dilation,
                                                   bool upper) {
    const std::int64_t out = (in + stride - 1) / stride;
    const std::int64_t reach = dilation * (kernel - 1) + 1;
    const std::int64_t total = std::max<std::int64_t>((out - 1) * stride + reach - in, 0);
    const std::int64_t small = total / 2;
    return upper ? std::pair(small, total - small) : std::pair(total - small, small);
}

void apply_auto_pad(Window& w, const Node& node, const std::string& mode, const Dims& in) {
    w.pad_top = w.pad_left = w.pad_bottom = w.pad_right = 0;
    if (mode == "VALID") return;
    if (mode != "SAME_UPPER" && mode != "SAME_LOWER")
        node.damaged("auto_pad is '{}'; allowed are NOTSET, VALID, SAME_UPPER and SAME_LOWER",
                     printable(mode));
    const bool upper = mode == "SAME_UPPER";
    std::tie(w.pad_top, w.pad_bottom) =
        same_padding(in[2], w.kernel_h, w.stride_h, w.dilation_h, upper);
    std::tie(w.pad_left, w.pad_right) =
        same_padding(in[3], w.kernel_w, w.stride_w, w.dilation_w, upper);
}

Tensor transposed(const Tensor& matrix) {
    const std::int64_t rows = matrix.dims[0];
    const std::int64_t columns = matrix.dims[1];
    Tensor out({columns, rows});
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t c = 0; c < columns; ++c)
            out.values[static_cast<std::size_t>(c * rows + r)] =
                matrix.values[static_cast<std::size_t>(r * columns + c)];
    return out;
}

void scale_by(Tensor& tensor, float factor) {
    if (factor == 1.0F) return;
    for (float& v : tensor.values) v *= factor;
}

/// One value per output, from C of Gemm: a scalar, [n], [1] or [1, n].
Tensor gemm_bias(Builder& builder, const Node& node, std::int64_t n_out) {
    Tensor bias = builder.weight(node, builder.constant(node, 2));
    const bool one_row = bias.dims.size() == 1 || (bias.dims.size() == 2 && bias.dims[0] == 1);
    if (!one_row || (bias.dims.back() != n_out && bias.dims.back() != 1))
        node.refuse("C has shape {}; only one value per output ({}) is supported",
                    to_string(bias.dims), n_out);
    if (bias.size() == 1) bias.values.resize(static_cast<std::size_t>(n_out), bias.values[0]);
    bias.dims = {n_out};
    return bias;
}

/// A constant matrix of two axes as weights [n_out][n_in].
Tensor linear_weight(Builder& builder, const Node& node, bool is_transposed) {
    const Constant& matrix = builder.constant(node, 1);
    if (matrix.dims.size() != 2 || matrix.size() == 0)
        node.refuse("the weights have shape {}; they must be a matrix", to_string(matrix.dims));
    Tensor weight = builder.weight(node, matrix);
    return is_transposed ? weight : transposed(weight);
}

void require_feature_first(Builder& builder, const Node& node) {
    if (builder.is_constant(node, 0))
        node.refuse(
            "multiplies a constant by what the network computes; the constant must stand "
            "second: export the layer as torch.nn.Linear");
    if (!builder.is_constant(node, 1))
        node.refuse(
            "multiplies two tensors that both depend on the input (attention?); a spiking "
            "network has only constant weights");
}

void define_linear(Builder& builder, const Node& node, const Feature& in, Linear op) {
    const std::int64_t n_out = op.weight.dims[0];
    Feature out = builder.add(node, std::move(op), {in.layer});
    out.dims = {builder.batch(), n_out};
    builder.define(node, out);
}

}  // namespace

void require_one_output(const Node& node, const char* what) {
    for (int k = 1; k < node.n_outputs(); ++k)
        if (!node.output(k).empty())
            node.refuse("has a second output ('{}'), {}", printable(node.output(k)), what);
}

void add_padding(Window& window, const Feature& feature) {
    window.pad_top += feature.pad[0];
    window.pad_left += feature.pad[1];
    window.pad_bottom += feature.pad[2];
    window.pad_right += feature.pad[3];
}

Window read_window(const Node& node, const Dims& in, const Dims& kernel, bool& fixed) {
    const bool given = node.has("kernel_shape");
    if (!given && kernel.empty()) node.damaged("kernel_shape is missing");
    const Dims size = given ? window_numbers(node, "kernel_shape", {1, 1}, 1) : kernel;
    if (!kernel.empty() && size != kernel)
        node.damaged("kernel_shape is {}, but the weights have {}", to_string(size),
                     to_string(kernel));
    const Dims stride = window_numbers(node, "strides", {1, 1}, 1);
    const Dims dilation = window_numbers(node, "dilations", {1, 1}, 1);
    const Dims pads = window_numbers(node, "pads", {0, 0, 0, 0}, 0);
    Window w{size[0], size[1], stride[0], stride[1],   pads[0],
             pads[1], pads[2], pads[3],   dilation[0], dilation[1]};
    const std::string mode = node.text("auto_pad", "NOTSET");
    fixed = mode != "NOTSET";
    if (fixed) apply_auto_pad(w, node, mode, in);
    return w;
}

void import_convolution(Builder& builder, const Node& node) {
    const Feature in = builder.padded_image(node, 0);
    const Constant& weight = builder.constant(node, 1);
    if (weight.dims.size() != 4 || weight.size() == 0)
        node.refuse(
            "the weights have shape {}; only two-dimensional convolutions, [n_out][n_in / "
            "groups][height][width], are supported",
            to_string(weight.dims));
    bool fixed = false;
    Convolution op;
    op.window = read_window(node, in.dims, {weight.dims[2], weight.dims[3]}, fixed);
    add_padding(op.window, in);
    op.groups = node.integer("group", 1);
    op.weight = builder.weight(node, weight);
    if (node.has_input(2)) op.bias = builder.weight(node, builder.constant(node, 2));
    builder.define(node, builder.add(node, std::move(op), {in.layer}));
}

void import_gemm(Builder& builder, const Node& node) {
    require_feature_first(builder, node);
    if (node.integer("transA", 0) != 0)
        node.refuse("transA = 1 turns samples into features; export the layer as torch.nn.Linear");
    const Feature in = builder.vector(node, 0);
    Linear op;
    op.weight = linear_weight(builder, node, node.integer("transB", 0) != 0);
    scale_by(op.weight, node.real("alpha", 1.0F));
    const float beta = node.real("beta", 1.0F);
    if (node.has_input(2)) {
        op.bias = gemm_bias(builder, node, op.weight.dims[0]);
        scale_by(op.bias, beta);
    }
    define_linear(builder, node, in, std::move(op));
}

void import_matmul(Builder& builder, const Node& node) {
    require_feature_first(builder, node);
    const Feature in = builder.vector(node, 0);
    Linear op;
    op.weight = linear_weight(builder, node, false);
    define_linear(builder, node, in, std::move(op));
}

void import_batch_norm(Builder& builder, const Node& node) {
    if (node.integer("training_mode", 0) != 0)
        node.refuse("is in training mode; call model.eval() before the export");
    if (builder.opset() < 9 && node.integer("spatial", 1) == 0)
        node.refuse("spatial = 0 (one mean per position) is not supported; use one per channel");
    require_one_output(node, "so it is in training mode; call model.eval() before the export");
    node.ignore("momentum");
    const Feature in = builder.any(node, 0);
    const auto per_channel = [&](int k) { return builder.weight(node, builder.constant(node, k)); };
    BatchNorm op{per_channel(1), per_channel(2), per_channel(3), per_channel(4),
                 node.real("epsilon", 1e-5F)};
    if (in.dims[1] != builder.shape(in).channels)
        node.refuse(
            "normalizes a tensor that was reshaped from {} to {}; place it before the "
            "reshape",
            ranvier::to_string(builder.shape(in)), to_string(in.dims));
    builder.define(node, builder.add_like(node, std::move(op), in));
}

}  // namespace ranvier::onnx_import
