// Relu and its equivalents, sums of features, and arithmetic with constants.
#include "ranvier/formats/onnx_operators.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace ranvier::onnx_import {

namespace {

void add_relu(Builder& builder, const Node& node, int input) {
    const Feature in = builder.any(node, input);
    builder.define(node, builder.add_like(node, Activation{}, in));
}

/// The only value of a constant, if it has one.
std::optional<float> scalar(const Constant& constant) {
    if (constant.size() != 1) return std::nullopt;
    return to_tensor(constant).values[0];
}

/// A constant as one value per channel of `in`: its axes are aligned with the last ones of `in`,
/// and all but the channel axis must have extent 1.
Tensor per_channel(Builder& builder, const Node& node, const Constant& constant,
                   const Feature& in) {
    const std::int64_t channels = builder.shape(in).channels;
    const std::size_t rank = in.dims.size();
    bool fits = constant.dims.size() <= rank && in.dims[1] == channels && constant.size() > 0;
    for (std::size_t k = 0; fits && k < constant.dims.size(); ++k) {
        const std::size_t axis = rank - constant.dims.size() + k;
        fits = constant.dims[k] == 1 || (axis == 1 && constant.dims[k] == channels);
    }
    if (!fits)
        node.refuse(
            "combines features of shape {} with a constant of shape {}; only one value, "
            "or one per channel (axis 1), is supported",
            to_string(in.dims), to_string(constant.dims));
    Tensor values = builder.weight(node, constant);
    if (values.size() == 1) {
        builder.budget().take(static_cast<std::size_t>(channels), node);
        values.values.resize(static_cast<std::size_t>(channels), values.values[0]);
    }
    values.dims = {channels};
    return values;
}

Tensor filled(const Tensor& like, float value) {
    return {like.dims, std::vector<float>(like.size(), value)};
}

void require_two_inputs(const Node& node) {
    if (node.n_inputs() != 2) node.damaged("has {} inputs; it must have 2", node.n_inputs());
}

void add_features(Builder& builder, const Node& node) {
    std::vector<std::size_t> inputs;
    Feature first;
    for (int k = 0; k < node.n_inputs(); ++k) {
        const Feature in = builder.any(node, k);
        if (k == 0) first = in;
        if (in.dims != first.dims || builder.shape(in) != builder.shape(first))
            node.refuse("adds features of shape {} and {}; only equal shapes are supported",
                        to_string(first.dims), to_string(in.dims));
        inputs.push_back(in.layer);
    }
    Feature out = builder.add(node, Add{}, std::move(inputs));
    out.dims = first.dims;
    builder.define(node, out);
}

void add_constant(Builder& builder, const Node& node, int feature, float sign) {
    const Feature in = builder.any(node, feature);
    Tensor shift = per_channel(builder, node, builder.constant(node, 1 - feature), in);
    for (float& v : shift.values) v *= sign;
    Tensor scale = filled(shift, 1.0F);
    builder.define(node, builder.add_affine(node, in, std::move(scale), std::move(shift)));
}

void scale_constant(Builder& builder, const Node& node, int feature, bool divide) {
    const Feature in = builder.any(node, feature);
    Tensor scale = per_channel(builder, node, builder.constant(node, 1 - feature), in);
    for (float& v : scale.values) {
        if (divide && v == 0) node.refuse("divides by 0");
        if (divide) v = 1.0F / v;
    }
    Tensor shift = filled(scale, 0.0F);
    builder.define(node, builder.add_affine(node, in, std::move(scale), std::move(shift)));
}

}  // namespace

void import_relu(Builder& builder, const Node& node) {
    add_relu(builder, node, 0);
}

void import_leaky_relu(Builder& builder, const Node& node) {
    const float slope = node.real("alpha", 0.01F);
    if (slope != 0)
        node.refuse("negative slope {} cannot become a spiking neuron; retrain with ReLU (slope 0)",
                    slope);
    add_relu(builder, node, 0);
}

void import_clip(Builder& builder, const Node& node) {
    constexpr float none = std::numeric_limits<float>::max();
    float low = -none;
    float high = none;
    if (builder.opset() < 11) {
        low = node.real("min", low);
        high = node.real("max", high);
    } else {
        const auto bound = [&](int k, float fallback) {
            const Constant* given = builder.optional_constant(node, k);
            if (given == nullptr) return fallback;
            if (given->size() != 1) node.damaged("a bound must be one number");
            return *scalar(*given);
        };
        low = bound(1, low);
        high = bound(2, high);
    }
    if (low != 0 || high < none)
        node.refuse(
            "limits values to [{}, {}]; only [0, no upper limit], a ReLU, can become a "
            "spiking neuron: retrain with ReLU",
            low, high);
    add_relu(builder, node, 0);
}

void import_max(Builder& builder, const Node& node) {
    if (node.n_inputs() == 2)
        for (int k = 0; k < 2; ++k)
            if (!builder.is_constant(node, k) && builder.is_constant(node, 1 - k) &&
                scalar(builder.constant(node, 1 - k)) == 0.0F)
                return add_relu(builder, node, k);
    node.refuse(
        "is the maximum of something else than a feature and 0, the only form that is a "
        "ReLU; use ReLU or MaxPool");
}

void import_add(Builder& builder, const Node& node) {
    require_two_inputs(node);
    if (builder.is_constant(node, 0)) return add_constant(builder, node, 1, 1.0F);
    if (builder.is_constant(node, 1)) return add_constant(builder, node, 0, 1.0F);
    add_features(builder, node);
}

void import_sum(Builder& builder, const Node& node) {
    for (int k = 0; k < node.n_inputs(); ++k)
        if (builder.is_constant(node, k)) node.refuse("adds a constant; use Add for it");
    add_features(builder, node);
}

void import_sub(Builder& builder, const Node& node) {
    require_two_inputs(node);
    if (builder.is_constant(node, 1)) return add_constant(builder, node, 0, -1.0F);
    if (!builder.is_constant(node, 0))
        node.refuse(
            "subtracts features from each other; only sums are supported: put the sign "
            "into the weights of the layer before");
    const Feature in = builder.any(node, 1);
    Tensor shift = per_channel(builder, node, builder.constant(node, 0), in);
    Tensor scale = filled(shift, -1.0F);
    builder.define(node, builder.add_affine(node, in, std::move(scale), std::move(shift)));
}

void import_mul(Builder& builder, const Node& node) {
    require_two_inputs(node);
    if (builder.is_constant(node, 0)) return scale_constant(builder, node, 1, false);
    if (builder.is_constant(node, 1)) return scale_constant(builder, node, 0, false);
    node.refuse(
        "multiplies features with each other (a gate, squeeze-and-excitation?); spiking "
        "layers only add: train the network without it");
}

void import_div(Builder& builder, const Node& node) {
    require_two_inputs(node);
    if (!builder.is_constant(node, 1))
        node.refuse("divides by features; spiking layers only add: train the network without it");
    scale_constant(builder, node, 0, true);
}

void import_softmax(Builder& builder, const Node& node) {
    Feature feature = builder.any(node, 0);
    const auto axis =
        front_axis(node.integer("axis", builder.opset() < 13 ? 1 : -1), feature.dims.size(), node);
    const Shape s = builder.shape(feature);
    if (axis != 1 || s.plane() != 1 || feature.dims[1] != s.channels)
        node.refuse(
            "does not run over the classes of a vector; only a Softmax over axis 1 of the "
            "final outputs can be dropped: export the model without it");
    feature.softmax = node.label();
    builder.define(node, feature);
}

}  // namespace ranvier::onnx_import
