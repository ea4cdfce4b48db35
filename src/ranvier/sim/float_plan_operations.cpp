// The steps of each operation: which primitive, in which formats, into which buffer.
#include "ranvier/sim/float_plan_builder.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace ranvier {

using Tag = dnnl::memory::format_tag;
using dnnl::algorithm;

namespace {

constexpr auto f32 = dnnl::memory::data_type::f32;
constexpr auto inference = dnnl::prop_kind::forward_inference;

float* floats(const dnnl::memory& memory) {
    return static_cast<float*>(memory.get_data_handle());
}

/// Padding behind the last row or column that makes oneDNN see `out` windows: in ceil mode the
/// last one may reach beyond the network's own padding.
std::int64_t padding_after(std::int64_t pad, bool ceil_mode, std::int64_t out, std::int64_t stride,
                           std::int64_t reach, std::int64_t in, std::int64_t pad_before) {
    return ceil_mode ? std::max(pad, (out - 1) * stride + reach - in - pad_before) : pad;
}

dnnl::memory::dims padding_after(const Window& w, bool ceil_mode, const Shape& in,
                                 const Shape& out) {
    return {padding_after(w.pad_bottom, ceil_mode, out.height, w.stride_h,
                          w.dilation_h * (w.kernel_h - 1) + 1, in.height, w.pad_top),
            padding_after(w.pad_right, ceil_mode, out.width, w.stride_w,
                          w.dilation_w * (w.kernel_w - 1) + 1, in.width, w.pad_left)};
}

dnnl::memory::dims strides(const Window& w) {
    return {w.stride_h, w.stride_w};
}
/// oneDNN counts the places between two taps.
dnnl::memory::dims dilation(const Window& w) {
    return {w.dilation_h - 1, w.dilation_w - 1};
}
dnnl::memory::dims padding_before(const Window& w) {
    return {w.pad_top, w.pad_left};
}

}  // namespace

void FloatPlanBuilder::operator()(const Input& op) {
    const Value to = new_value(batch_desc(op.shape, Tag::nchw));
    if (model_.network().spiking()) {
        encode_input(to);
        yield(to);
        return;
    }
    steps_.emplace_back([&op, n = n_, memory = to.memory](const FloatPlan::Run& run) {
        normalize_images(op, n, run.images, floats(memory));
    });
    yield(to);
}

dnnl::primitive_attr FloatPlanBuilder::weighted_attributes() const {
    dnnl::post_ops after;
    if (node().addend) after.append_sum(1.0F);
    if (node().relu) after.append_eltwise(1.0F, algorithm::eltwise_relu, 0.0F, 0.0F);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(after);
    return attributes;
}

void FloatPlanBuilder::add_bias(Arguments& arguments) {
    const Tensor& bias = node().bias();
    if (bias.empty()) return;
    // oneDNN takes no pointer to const, but does not write to a source.
    arguments[DNNL_ARG_BIAS] = dnnl::memory({{bias.dims[0]}, f32, Tag::x}, engine_,
                                            const_cast<float*>(bias.values.data()));
}

void FloatPlanBuilder::operator()(const Convolution& op) {
    const Window& w = op.window;
    const std::int64_t n_out = out_shape().channels;
    const std::int64_t n_in = in_shape().channels;
    dnnl::memory::dims weight_dims = {n_out, n_in, w.kernel_h, w.kernel_w};
    if (op.groups > 1)
        weight_dims = {op.groups, n_out / op.groups, n_in / op.groups, w.kernel_h, w.kernel_w};
    const Desc bias = node().bias().empty() ? Desc() : Desc({n_out}, f32, Tag::x);

    const dnnl::convolution_forward::primitive_desc pd({inference,
                                                        algorithm::convolution_direct,
                                                        batch_desc(in_shape(), Tag::any),
                                                        Desc(weight_dims, f32, Tag::any),
                                                        bias,
                                                        batch_desc(out_shape(), Tag::any),
                                                        strides(w),
                                                        dilation(w),
                                                        padding_before(w),
                                                        {w.pad_bottom, w.pad_right}},
                                                       weighted_attributes(), engine_);
    const Value from = in_format(input_place(), pd.src_desc());
    const Value to =
        node().addend ? copy_to_overwrite(*node().addend, pd.dst_desc()) : new_value(pd.dst_desc());
    const Desc plain(weight_dims, f32, op.groups > 1 ? Tag::goihw : Tag::oihw);
    Arguments arguments = {{DNNL_ARG_SRC, from.memory},
                           {DNNL_ARG_WEIGHTS, model_.weight(place_, plain, pd.weights_desc())},
                           {DNNL_ARG_DST, to.memory}};
    add_bias(arguments);
    execute(dnnl::convolution_forward(pd), std::move(arguments));
    yield(to);
}

void FloatPlanBuilder::operator()(const Linear&) {
    const Shape& in = in_shape();  // may be a whole image: a flatten before is left out
    const std::int64_t n_out = out_shape().channels;
    const dnnl::memory::dims weight_dims = {n_out, in.channels, in.height, in.width};
    const Desc bias = node().bias().empty() ? Desc() : Desc({n_out}, f32, Tag::x);
    const Desc matrix({static_cast<std::int64_t>(n_), n_out}, f32, Tag::nc);

    const dnnl::inner_product_forward::primitive_desc pd(
        {inference, batch_desc(in, Tag::any), Desc(weight_dims, f32, Tag::any), bias, matrix},
        weighted_attributes(), engine_);
    const Value from = in_format(input_place(), pd.src_desc());
    const Desc vectors = batch_desc(out_shape(), Tag::nchw);
    const Value to =
        node().addend ? copy_to_overwrite(*node().addend, vectors) : new_value(vectors);
    Arguments arguments = {
        {DNNL_ARG_SRC, from.memory},
        {DNNL_ARG_WEIGHTS,
         model_.weight(place_, Desc(weight_dims, f32, Tag::oihw), pd.weights_desc())},
        {DNNL_ARG_DST, buffers_.place(matrix, engine_, to.slot)}};
    add_bias(arguments);
    execute(dnnl::inner_product_forward(pd), std::move(arguments));
    yield(to);
}

void FloatPlanBuilder::operator()(const BatchNorm& op) {
    const std::size_t channels = op.scale.size();
    const auto n_channels = static_cast<std::int64_t>(channels);
    const dnnl::batch_normalization_forward::primitive_desc pd(
        {inference, native(input_place()).desc(), op.epsilon,
         dnnl::normalization_flags::use_global_stats | dnnl::normalization_flags::use_scale_shift},
        engine_);
    const auto constant = [&](const Tensor& tensor) {
        return dnnl::memory({{n_channels}, f32, Tag::x}, engine_,
                            const_cast<float*>(tensor.values.data()));
    };
    dnnl::memory scale_shift({{2, n_channels}, f32, Tag::nc}, engine_);
    std::copy(op.scale.values.begin(), op.scale.values.end(), floats(scale_shift));
    std::copy(op.shift.values.begin(), op.shift.values.end(), floats(scale_shift) + channels);

    const Value from = native(input_place());
    const Value to = new_value(from.desc());
    execute(dnnl::batch_normalization_forward(pd), {{DNNL_ARG_SRC, from.memory},
                                                    {DNNL_ARG_MEAN, constant(op.mean)},
                                                    {DNNL_ARG_VARIANCE, constant(op.variance)},
                                                    {DNNL_ARG_SCALE_SHIFT, scale_shift},
                                                    {DNNL_ARG_DST, to.memory}});
    yield(to);
}

void FloatPlanBuilder::pool(algorithm kind, const Window& w, bool ceil_mode) {
    const Value from = native(input_place());
    const auto run = [&](auto pool_kind, const auto& desc) {
        using Pool = decltype(pool_kind);
        const typename Pool::primitive_desc pd(desc, engine_);
        const Value to = new_value(pd.dst_desc());
        execute(Pool(pd), {{DNNL_ARG_SRC, from.memory}, {DNNL_ARG_DST, to.memory}});
        yield(to);
    };
    const Desc to_desc = batch_desc(out_shape(), Tag::any);
    const dnnl::memory::dims kernel = {w.kernel_h, w.kernel_w};
    const dnnl::memory::dims after = padding_after(w, ceil_mode, in_shape(), out_shape());
    if (w.dilation_h > 1 || w.dilation_w > 1)
        run(dnnl::pooling_v2_forward(),
            dnnl::pooling_v2_forward::desc(inference, kind, from.desc(), to_desc, strides(w),
                                           kernel, dilation(w), padding_before(w), after));
    else
        run(dnnl::pooling_forward(),
            dnnl::pooling_forward::desc(inference, kind, from.desc(), to_desc, strides(w), kernel,
                                        padding_before(w), after));
}

void FloatPlanBuilder::operator()(const AveragePool& op) {
    const dnnl::memory::dims after =
        padding_after(op.window, op.ceil_mode, in_shape(), out_shape());
    const bool beyond = after[0] > op.window.pad_bottom || after[1] > op.window.pad_right;
    if (!op.count_include_pad || !beyond) {
        pool(op.count_include_pad ? algorithm::pooling_avg_include_padding
                                  : algorithm::pooling_avg_exclude_padding,
             op.window, op.ceil_mode);
        return;
    }
    const Value from = in_format(input_place(), batch_desc(in_shape(), Tag::nchw));
    const Value to = new_value(batch_desc(out_shape(), Tag::nchw));
    steps_.emplace_back([&op, n = n_, in = in_shape(), out = out_shape(), from = from.memory,
                         to = to.memory](const FloatPlan::Run&) {
        average_with_padding(op, n, in, floats(from), out, floats(to));
    });
    yield(to);
}

void FloatPlanBuilder::operator()(const MaxPool& op) {
    pool(algorithm::pooling_max, op.window, op.ceil_mode);
    if (model_.network().spiking()) count_pooled_spikes();
}

void FloatPlanBuilder::operator()(const GlobalAveragePool&) {
    Window whole;
    whole.kernel_h = in_shape().height;
    whole.kernel_w = in_shape().width;
    pool(algorithm::pooling_avg_exclude_padding, whole, false);
}

void FloatPlanBuilder::operator()(const Add&) {
    const Desc common = native(input_place()).desc();
    const std::size_t n_inputs = node().inputs.size();
    const dnnl::sum::primitive_desc pd(common, std::vector<float>(n_inputs, 1.0F),
                                       std::vector<Desc>(n_inputs, common), engine_);
    Arguments arguments;
    for (std::size_t k = 0; k < n_inputs; ++k)
        arguments[DNNL_ARG_MULTIPLE_SRC + static_cast<int>(k)] =
            in_format(input_place(k), common).memory;
    const Value to = new_value(common);
    arguments[DNNL_ARG_DST] = to.memory;
    execute(dnnl::sum(pd), std::move(arguments));
    yield(to);
}

void FloatPlanBuilder::operator()(const Concat&) {
    std::vector<Desc> parts;
    Arguments arguments;
    for (std::size_t k = 0; k < node().inputs.size(); ++k) {
        const Value part = native(input_place(k));
        parts.push_back(part.desc());
        arguments[DNNL_ARG_MULTIPLE_SRC + static_cast<int>(k)] = part.memory;
    }
    const dnnl::concat::primitive_desc pd(1, parts, engine_);
    const Value to = new_value(pd.dst_desc());
    arguments[DNNL_ARG_DST] = to.memory;
    execute(dnnl::concat(pd), std::move(arguments));
    yield(to);
}

void FloatPlanBuilder::operator()(const Flatten&) {
    const Value to = new_value(batch_desc(in_shape(), Tag::nchw));
    reorder(native(input_place()), to);
    yield({buffers_.place(batch_desc(out_shape(), Tag::nchw), engine_, to.slot), to.slot});
}

BlockedLayout FloatPlanBuilder::layout_of(const Value& value, const Shape& shape) const {
    for (const auto& [tag, block] : {std::pair{Tag::nChw16c, 16}, {Tag::nChw8c, 8}})
        if (value.desc() == batch_desc(shape, tag)) return {shape, block};
    if (value.desc() == batch_desc(shape, Tag::nhwc)) return {shape, shape.channels};
    return {shape, 1};
}

FloatPlanBuilder::Value FloatPlanBuilder::in_known_layout(BlockedLayout& layout) {
    layout = layout_of(native(input_place()), in_shape());
    if (layout.block != 1) return native(input_place());
    return in_format(input_place(), batch_desc(in_shape(), Tag::nchw));
}

void FloatPlanBuilder::operator()(const Shortcut& op) {
    BlockedLayout from_layout;
    const Value from = in_known_layout(from_layout);
    BlockedLayout to_layout{out_shape(), from_layout.block};
    Tag tag = Tag::nchw;
    if (from_layout.block == 16) tag = Tag::nChw16c;
    if (from_layout.block == 8) tag = Tag::nChw8c;
    if (from.desc() == batch_desc(in_shape(), Tag::nhwc) && from_layout.block != 1) {
        tag = Tag::nhwc;
        to_layout.block = out_shape().channels;
    }
    const Value to = new_value(batch_desc(out_shape(), tag));
    steps_.emplace_back([&op, n = n_, from_layout, to_layout, from = from.memory,
                         to = to.memory](const FloatPlan::Run&) {
        copy_shortcut(op, n, from_layout, floats(from), to_layout, floats(to));
    });
    yield(to);
}

void FloatPlanBuilder::operator()(const Activation& op) {
    if (op.neuron.kind == NeuronKind::one_spike) return fire(op.neuron);
    // The sign of a blocked format's filling, which must stay 0, would be 1.
    const Value from = op.neuron.kind == NeuronKind::sign
                           ? in_format(input_place(), batch_desc(out_shape(), Tag::nchw))
                           : native(input_place());
    const Value to = in_place_or_new(from);
    if (op.neuron.kind == NeuronKind::sign) {
        steps_.emplace_back([n_values = from.desc().get_size() / sizeof(float), from = from.memory,
                             to = to.memory](const FloatPlan::Run&) {
            sign_of(n_values, floats(from), floats(to));
        });
    } else if (op.neuron.kind == NeuronKind::quantized_relu) {
        steps_.emplace_back([n_values = from.desc().get_size() / sizeof(float), from = from.memory,
                             to = to.memory](const FloatPlan::Run&) {
            floor_relu(n_values, floats(from), floats(to));
        });
    } else {
        const dnnl::eltwise_forward::primitive_desc pd(
            {inference, algorithm::eltwise_relu, from.desc(), 0.0F, 0.0F}, engine_);
        execute(dnnl::eltwise_forward(pd),
                {{DNNL_ARG_SRC, from.memory}, {DNNL_ARG_DST, to.memory}});
    }
    yield(to);
}

}  // namespace ranvier
