// Operators that compute nothing: other shapes of the same values, slices, padding, joining.
#include "ranvier/formats/onnx_operators.hpp"

#include <algorithm>

namespace ranvier::onnx_import {

namespace {

/// The first input, settled; behind a Softmax as it is.
Feature viewed(Builder& builder, const Node& node) {
    const Feature& in = builder.raw(node, 0);
    return in.softmax.empty() ? builder.any(node, 0) : in;
}

void define_view(Builder& builder, const Node& node, const Feature& in, Dims dims) {
    builder.define(node, builder.view(node, in, std::move(dims)));
}

bool takes_all(const Range& range, std::int64_t extent) {
    return range.start == 0 && range.step == 1 && range.count == extent;
}

/// Rows or columns 0, step, 2 step, ... to the end.
bool strides_all(const Range& range, std::int64_t extent) {
    return range.start == 0 && range.step >= 1 &&
           range.count == (extent + range.step - 1) / range.step;
}

/// Zeros [before, behind] for each axis of the padded tensor.
struct Padding {
    Dims before, behind;
};

Padding read_padding(Builder& builder, const Node& node, std::size_t rank) {
    const bool inputs = builder.opset() >= 11;
    const Dims pads = inputs ? integer_values(builder.constant(node, 1), node, "pads")
                             : node.integers("pads").value_or(Dims());
    std::vector<std::size_t> axes;
    if (builder.opset() >= 18 && node.has_input(3)) {
        // In the order given, which need not ascend.
        for (const std::int64_t axis : integer_values(builder.constant(node, 3), node, "axes"))
            axes.push_back(front_axis(axis, rank, node));
    } else {
        for (std::size_t k = 0; k < rank; ++k) axes.push_back(k);
    }
    if (pads.size() != 2 * axes.size())
        node.damaged("pads has {} values; it must have two for each of {} axes", pads.size(),
                     axes.size());
    Padding padding{Dims(rank, 0), Dims(rank, 0)};
    for (std::size_t k = 0; k < axes.size(); ++k) {
        padding.before[axes[k]] = pads[k];
        padding.behind[axes[k]] = pads[k + axes.size()];
    }
    return padding;
}

void check_padding_value(Builder& builder, const Node& node) {
    float value = 0;
    if (builder.opset() < 11) {
        value = node.real("value", 0);
    } else if (const Constant* given = builder.optional_constant(node, 2)) {
        if (given->size() > 1) node.damaged("constant_value must be one number");
        if (given->size() == 1) value = to_tensor(*given).values[0];
    }
    if (value != 0) node.refuse("pads with {}; only zeros are supported: use zero padding", value);
}

void check_padding_mode(Builder& builder, const Node& node) {
    const std::string mode = node.text("mode", "constant");
    if (mode != "constant")
        node.refuse(
            "pads with mode '{}'; only zeros (mode 'constant') are supported: train with "
            "zero padding",
            printable(mode));
    check_padding_value(builder, node);
}

void check_padding_range(const Node& node, const Padding& padding) {
    constexpr std::int64_t most = std::int64_t{1} << 20;
    for (const Dims* side : {&padding.before, &padding.behind})
        for (const std::int64_t n : *side) {
            if (n < 0)
                node.refuse(
                    "has negative padding, which crops; crop the images before they enter "
                    "the network");
            if (n > most) node.damaged("pads by {}; at most {} is allowed", n, most);
        }
    if (padding.before[0] != 0 || padding.behind[0] != 0)
        node.refuse("pads the batch axis; pad channels, rows or columns only");
}

/// Zero channels: together with a waiting slice, the shortcut of ResNet option A.
Feature pad_channels(Builder& builder, const Node& node, Feature in, const Padding& padding) {
    if (in.padded() || in.slice_h != in.slice_w) in = builder.any(node, 0);
    const Shape s = builder.shape(in);
    if (in.dims.size() > 1 && in.dims[1] != s.channels)
        node.refuse("pads a tensor that was reshaped from {} to {}; place it before the reshape",
                    ranvier::to_string(s), to_string(in.dims));
    Dims dims = in.dims;
    dims[1] += padding.before[1] + padding.behind[1];
    Feature out =
        builder.add(node, Shortcut{in.slice_h, padding.before[1], padding.behind[1]}, {in.layer});
    out.dims = std::move(dims);
    return out;
}

}  // namespace

void import_identity(Builder& builder, const Node& node) {
    builder.define(node, builder.raw(node, 0));
}

void import_dropout(Builder& builder, const Node& node) {
    node.ignore("ratio");
    node.ignore("seed");
    require_one_output(node, "its mask; export the model without the mask");
    if (const Constant* training = builder.optional_constant(node, 2);
        training != nullptr && (training->size() != 1 || to_tensor(*training).values[0] != 0))
        node.refuse("is in training mode; call model.eval() before the export");
    builder.define(node, builder.raw(node, 0));
}

void import_cast(Builder& builder, const Node& node) {
    node.ignore("saturate");
    const std::int64_t to = node.integer("to", 0);
    if (to != onnx::TensorProto::FLOAT)
        node.refuse("casts features to {}; everything is float32 here: export the model in float32",
                    to > 0 && to < 1000 ? type_name(static_cast<int>(to)) : std::to_string(to));
    builder.define(node, builder.raw(node, 0));
}

void import_shape(Builder& builder, const Node& node) {
    const Dims& dims = builder.raw(node, 0).dims;
    builder.define(node.output(0),
                   std::make_shared<Constant>(shape_of(dims, node, builder.opset())));
}

void import_flatten(Builder& builder, const Node& node) {
    const Feature in = viewed(builder, node);
    const auto rank = static_cast<std::int64_t>(in.dims.size());
    const std::int64_t axis = node.integer("axis", 1);
    if (axis != 1 && axis != 1 - rank)
        node.refuse("axis {} mixes the batch axis with others; use axis 1", axis);
    define_view(builder, node, in, {builder.batch(), builder.shape(in).size()});
}

void import_reshape(Builder& builder, const Node& node) {
    const Feature in = viewed(builder, node);
    define_view(builder, node, in, reshaped(in.dims, builder.constant(node, 1), node));
}

void import_squeeze(Builder& builder, const Node& node) {
    const Feature in = viewed(builder, node);
    auto axes = read_axes(node, builder.optional_constant(node, 1), builder.opset(), 13);
    if (!axes) {
        // All unit axes; the batch axis stays, whatever batch size the file happens to name.
        axes.emplace();
        for (std::size_t k = 1; k < in.dims.size(); ++k)
            if (in.dims[k] == 1) axes->push_back(static_cast<std::int64_t>(k));
    }
    define_view(builder, node, in, squeezed(in.dims, axes, node));
}

void import_unsqueeze(Builder& builder, const Node& node) {
    const Feature in = viewed(builder, node);
    const auto axes = read_axes(node, builder.optional_constant(node, 1), builder.opset(), 13);
    Dims dims = unsqueezed(in.dims, axes, node);
    if (axes && std::find(axes->begin(), axes->end(), 0) != axes->end())
        node.refuse("puts an axis before the batch axis; the batch axis must stay first");
    define_view(builder, node, in, std::move(dims));
}

void import_transpose(Builder& builder, const Node& node) {
    const Feature in = builder.raw(node, 0);
    const Dims order = node.integers("perm").value_or(Dims());
    bool same = order.size() == in.dims.size();
    for (std::size_t k = 0; same && k < order.size(); ++k)
        same = order[k] == static_cast<std::int64_t>(k);
    if (!same)
        node.refuse(
            "reorders the axes of features; only [batch, channels, height, width] is "
            "supported: export the model in that layout (PyTorch's own)");
    builder.define(node, in);
}

void import_concat(Builder& builder, const Node& node) {
    std::vector<std::size_t> inputs;
    Dims dims;
    for (int k = 0; k < node.n_inputs(); ++k) {
        const Feature in = builder.any(node, k);
        const Shape s = builder.shape(in);
        const auto axis = front_axis(node.integer("axis", 1), in.dims.size(), node);
        if (axis != 1 || in.dims[1] != s.channels)
            node.refuse("joins along axis {} of shape {}; only channels (axis 1) can be joined",
                        axis, to_string(in.dims));
        if (k > 0 && (in.dims.size() != dims.size() ||
                      !std::equal(in.dims.begin() + 2, in.dims.end(), dims.begin() + 2)))
            node.damaged("joins shapes {} and {}", to_string(dims), to_string(in.dims));
        if (k == 0)
            dims = in.dims;
        else
            dims[1] += in.dims[1];
        inputs.push_back(in.layer);
    }
    if (inputs.empty()) node.damaged("has no inputs");
    Feature out = builder.add(node, Concat{}, std::move(inputs));
    out.dims = std::move(dims);
    builder.define(node, out);
}

void import_slice(Builder& builder, const Node& node) {
    Feature in = builder.raw(node, 0);
    if (in.padded() || !in.softmax.empty()) in = builder.any(node, 0);
    for (int k = 1; k < node.n_inputs(); ++k) (void)builder.optional_constant(node, k);
    const auto ranges = slice_ranges(in.dims, node, builder.constants(node), builder.opset());
    for (std::size_t k = 0; k < ranges.size(); ++k) {
        if (takes_all(ranges[k], in.dims[k])) continue;
        const Shape s = builder.shape(in);
        const bool is_image = in.dims.size() == 4 && in.dims[1] == s.channels &&
                              in.dims[2] == (s.height - 1) / in.slice_h + 1 &&
                              in.dims[3] == (s.width - 1) / in.slice_w + 1;
        if (k < 2 || !is_image || !strides_all(ranges[k], in.dims[k]))
            node.refuse(
                "takes {} of {} values from place {} in steps of {} along axis {}; only "
                "every k-th row and column of the whole image can be taken (as in a "
                "ResNet option-A shortcut)",
                ranges[k].count, in.dims[k], ranges[k].start, ranges[k].step, k);
        (k == 2 ? in.slice_h : in.slice_w) *= ranges[k].step;
        in.dims[k] = ranges[k].count;
        in.waiting = node.label();
    }
    builder.define(node, in);
}

void import_pad(Builder& builder, const Node& node) {
    Feature in = builder.raw(node, 0);
    if (!in.softmax.empty()) in = builder.any(node, 0);
    check_padding_mode(builder, node);
    const Padding padding = read_padding(builder, node, in.dims.size());
    check_padding_range(node, padding);
    if (padding.before[1] != 0 || padding.behind[1] != 0)
        in = pad_channels(builder, node, in, padding);
    const Dims& before = padding.before;
    const Dims& behind = padding.behind;
    const bool spatial = std::any_of(before.begin() + 2, before.end(), [](auto n) { return n; }) ||
                         std::any_of(behind.begin() + 2, behind.end(), [](auto n) { return n; });
    if (spatial) {
        if (in.dims.size() != 4) node.refuse("pads a tensor of {} axes", in.dims.size());
        in = builder.settled(in, node.label(), &node);
        in.pad = {before[2], before[3], behind[2], behind[3]};
        in.dims[2] += before[2] + behind[2];
        in.dims[3] += before[3] + behind[3];
        in.waiting = node.label();
    }
    builder.define(node, in);
}

}  // namespace ranvier::onnx_import
