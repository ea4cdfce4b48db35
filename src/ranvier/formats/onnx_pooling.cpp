// MaxPool, AveragePool, their global forms, and ReduceMean over rows and columns.
#include "ranvier/formats/onnx_operators.hpp"
#include "ranvier/net/shapes.hpp"

namespace ranvier::onnx_import {

namespace {

/// Padding by a Pad node is part of the image, the pooling's own padding is not: in ceil mode the
/// last window may then be another one. Such a pooling is refused.
void require_same_size(const Builder& builder, const Node& node, const Feature& in,
                       const Window& own, const Window& merged, bool ceil_mode) {
    const Shape inner = builder.shape(in);
    const Shape padded{inner.channels, in.dims[2], in.dims[3]};
    const Shape apart = windowed_shape(padded, own, ceil_mode, inner.channels);
    const Shape together = windowed_shape(inner, merged, ceil_mode, inner.channels);
    if (apart != together)
        node.refuse(
            "with ceil_mode behind {} cannot be merged with it; give the padding to the "
            "pooling itself",
            in.waiting);
}

bool has_padding(const Window& w) {
    return w.pad_top != 0 || w.pad_left != 0 || w.pad_bottom != 0 || w.pad_right != 0;
}

/// The pooling window with the input's waiting padding merged into it.
Window pool_window(const Builder& builder, const Node& node, const Feature& in, bool& ceil_mode) {
    bool fixed = false;
    const Window own = read_window(node, in.dims, {}, fixed);
    if (fixed) ceil_mode = false;
    Window merged = own;
    add_padding(merged, in);
    if (in.padded()) require_same_size(builder, node, in, own, merged, ceil_mode);
    return merged;
}

}  // namespace

void import_max_pool(Builder& builder, const Node& node) {
    const Feature in = builder.padded_image(node, 0);
    node.ignore("storage_order");  // orders the second output only
    require_one_output(node, "the places of the maxima; export the model without return_indices");
    if (in.padded() && !builder.never_negative(in))
        node.refuse(
            "{} pads values that can be negative with 0, which can become the maximum; give "
            "the padding to the pooling itself, or put the ReLU before it",
            in.waiting);
    MaxPool op;
    op.ceil_mode = node.integer("ceil_mode", 0) != 0;
    op.window = pool_window(builder, node, in, op.ceil_mode);
    builder.define(node, builder.add(node, op, {in.layer}));
}

void import_average_pool(Builder& builder, const Node& node) {
    const Feature in = builder.padded_image(node, 0);
    AveragePool op;
    op.ceil_mode = node.integer("ceil_mode", 0) != 0;
    op.count_include_pad = node.integer("count_include_pad", 0) != 0;
    op.window = pool_window(builder, node, in, op.ceil_mode);
    if (op.window.dilation_h != 1 || op.window.dilation_w != 1)
        node.refuse("is dilated; only dilation 1 is supported");
    if (in.padded()) {
        Window own = op.window;
        own.pad_top -= in.pad[0];
        own.pad_left -= in.pad[1];
        own.pad_bottom -= in.pad[2];
        own.pad_right -= in.pad[3];
        if (has_padding(own) && !op.count_include_pad)
            node.refuse("does not count its own padding but that of {}; use one padding only",
                        in.waiting);
        op.count_include_pad = true;  // zeros of a Pad node are values like any other
    }
    builder.define(node, builder.add(node, op, {in.layer}));
}

void import_global_average_pool(Builder& builder, const Node& node) {
    const Feature in = builder.image(node, 0);
    builder.define(node, builder.add(node, GlobalAveragePool{}, {in.layer}));
}

void import_global_max_pool(Builder& builder, const Node& node) {
    const Feature in = builder.image(node, 0);
    MaxPool op;
    op.window.kernel_h = in.dims[2];
    op.window.kernel_w = in.dims[3];
    builder.define(node, builder.add(node, op, {in.layer}));
}

void import_reduce_mean(Builder& builder, const Node& node) {
    const Feature in = builder.any(node, 0);
    const auto given = read_axes(node, builder.optional_constant(node, 1), builder.opset(), 18);
    const bool keep = node.integer("keepdims", 1) != 0;
    node.ignore("noop_with_empty_axes");
    const auto axes = front_axes(given.value_or(Dims()), in.dims.size(), node);
    const Shape s = builder.shape(in);
    const bool image = in.dims == Dims{builder.batch(), s.channels, s.height, s.width};
    const bool joined = in.dims == Dims{builder.batch(), s.channels, s.plane()};
    const bool all = (image && axes == std::vector<std::size_t>{2, 3}) ||
                     (joined && axes == std::vector<std::size_t>{2});
    if (!all)
        node.refuse(
            "averages other axes than height and width together; use AveragePool or "
            "GlobalAveragePool");
    Feature out = builder.add(node, GlobalAveragePool{}, {in.layer});
    out.dims = {builder.batch(), s.channels};
    if (keep) out.dims.resize(in.dims.size(), 1);
    builder.define(node, out);
}

}  // namespace ranvier::onnx_import
