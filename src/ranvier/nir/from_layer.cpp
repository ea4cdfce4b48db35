#include "ranvier/nir/from_layer.hpp"

#include "ranvier/net/shapes.hpp"
#include "ranvier/nir/neuron_parameters.hpp"
#include "ranvier/nir/to_layer.hpp"

#include <algorithm>

namespace ranvier {

namespace {

NirNode node(const std::string& type) {
    return {"", type, {}, {}, {}};
}

NirValue array(const Tensor& tensor) {
    return {tensor.dims, tensor.values};
}

NirValue integers_value(std::vector<std::int64_t> values) {
    const auto n = static_cast<std::int64_t>(values.size());
    return {{n}, std::move(values)};
}

/// One value per channel, or one for all, as one for each value of the layer.
template <typename T>
NirValue spread(const std::vector<T>& values, const Shape& shape, bool flat) {
    std::vector<T> all;
    all.reserve(static_cast<std::size_t>(shape.size()));
    for (std::size_t c = 0; c < static_cast<std::size_t>(shape.channels); ++c)
        all.insert(all.end(), static_cast<std::size_t>(shape.plane()),
                   values.size() == 1 ? values[0] : values[c]);
    return {dims_of(shape, flat), std::move(all)};
}

bool same_both_sides(const Window& w) {
    return w.pad_top == w.pad_bottom && w.pad_left == w.pad_right;
}

struct LayerWriter {
    const LayerContext& context;

    [[noreturn]] void refuse(const std::string& why) const {
        fail(Fault::unsupported, "layer '{}' ({}): {}", context.layer.name,
             operation_name(context.layer.operation), why);
    }

    NirNode operator()(const Input&) const { return shaped("Input", context.out); }
    NirNode operator()(const Output&) const { return shaped("Output", context.in); }
    NirNode operator()(const Convolution& op) const {
        if (context.flat_in) refuse("reads a vector; NIR's convolutions read c x h x w");
        if (!same_both_sides(op.window))
            refuse("pads one side more than the other; NIR has one padding for both");
        return is_sum_pool(op) ? sum_pool(op.window)
                               : conv_node(op.weight, op.bias, op.window, op.groups);
    }
    NirNode operator()(const Linear& op) const {
        NirNode result = node(op.bias.empty() ? "Linear" : "Affine");
        result.parameters.emplace("weight", array(op.weight));
        if (!op.bias.empty()) result.parameters.emplace("bias", array(op.bias));
        return result;
    }
    NirNode operator()(const AveragePool& op) const {
        const Window& w = op.window;
        const bool pads = w.pad_top + w.pad_left + w.pad_bottom + w.pad_right > 0;
        if (pads && !op.count_include_pad)
            refuse("averages without its padding; NIR's AvgPool2d counts it");
        return average_pool(w, op.ceil_mode);
    }
    NirNode operator()(const MaxPool& op) const {
        const Window& w = op.window;
        if (w.dilation_h != 1 || w.dilation_w != 1) refuse("is dilated; NIR's pools are not");
        context.approximate("takes the maximum, which NIR does not have; AvgPool2d");
        return average_pool(w, op.ceil_mode);
    }
    NirNode operator()(const GlobalAveragePool&) const {
        Window w;
        w.kernel_h = w.stride_h = context.in.height;
        w.kernel_w = w.stride_w = context.in.width;
        return average_pool(w, false);
    }
    NirNode operator()(const Add&) const {
        return scale_node({1.0F}, context.out, context.flat_in);
    }
    NirNode operator()(const Flatten&) const {
        NirNode result = node("Flatten");
        result.parameters.emplace("start_dim", NirValue(std::int64_t{0}));
        result.parameters.emplace("end_dim", NirValue(std::int64_t{-1}));
        result.parameters.emplace("input_type",
                                  integers_value(dims_of(context.in, context.flat_in)));
        return result;
    }
    /// A convolution that picks: output channel before + c is input channel c.
    NirNode operator()(const Shortcut& op) const {
        if (context.flat_in) refuse("reads a vector; NIR's convolutions read c x h x w");
        Tensor weight({context.out.channels, context.in.channels, 1, 1});
        for (std::int64_t c = 0; c < context.in.channels; ++c)
            weight.values[static_cast<std::size_t>((op.channels_before + c) * context.in.channels +
                                                   c)] = 1.0F;
        Window w;
        w.stride_h = w.stride_w = op.stride;
        return conv_node(weight, {}, w, 1);
    }
    NirNode operator()(const Activation& op) const { return neuron_node(op.neuron); }
    NirNode operator()(const BatchNorm&) const {
        refuse("fold batch norms first (ranvier convert does)");
    }
    NirNode operator()(const Dropout&) const {
        refuse("take dropout out first (ranvier convert does)");
    }
    template <typename Other>
    NirNode operator()(const Other&) const {
        refuse("NIR has no such node");
    }

private:
    NirNode shaped(const char* type, const Shape& shape) const {
        NirNode result = node(type);
        result.parameters.emplace("shape", integers_value(dims_of(shape, context.flat_in)));
        return result;
    }

    bool is_sum_pool(const Convolution& op) const {
        const Window& w = op.window;
        return op.bias.empty() && op.groups == context.in.channels &&
               op.weight.dims[0] == op.groups && w.dilation_h == 1 && w.dilation_w == 1 &&
               std::ranges::all_of(op.weight.values, [](float v) { return v == 1; });
    }

    NirNode conv_node(const Tensor& weight, const Tensor& bias, const Window& w,
                      std::int64_t groups) const {
        NirNode result = node("Conv2d");
        result.parameters.emplace("weight", array(weight));
        result.parameters.emplace("bias", array(bias.empty() ? Tensor({weight.dims[0]}) : bias));
        result.parameters.emplace("stride", integers_value({w.stride_h, w.stride_w}));
        result.parameters.emplace("padding", integers_value({w.pad_top, w.pad_left}));
        result.parameters.emplace("dilation", integers_value({w.dilation_h, w.dilation_w}));
        result.parameters.emplace("groups", NirValue(groups));
        result.parameters.emplace("input_shape",
                                  integers_value({context.in.height, context.in.width}));
        return result;
    }

    NirNode pool(const char* type, const Window& w) const {
        if (context.flat_in) refuse("reads a vector; NIR's pools read c x h x w");
        if (!same_both_sides(w))
            refuse("pads one side more than the other; NIR has one padding for both");
        NirNode result = node(type);
        result.parameters.emplace("kernel_size", integers_value({w.kernel_h, w.kernel_w}));
        result.parameters.emplace("stride", integers_value({w.stride_h, w.stride_w}));
        result.parameters.emplace("padding", integers_value({w.pad_top, w.pad_left}));
        return result;
    }
    NirNode sum_pool(const Window& w) const { return pool("SumPool2d", w); }
    NirNode average_pool(const Window& w, bool ceil_mode) const {
        if (ceil_mode && windowed_shape(context.in, w, false, context.in.channels) != context.out)
            refuse("keeps windows that hang over the border (ceil mode), which NIR does not have");
        return pool("AvgPool2d", w);
    }

    NirNode neuron_node(const Neuron& neuron) const {
        approximate_neuron(neuron);
        const bool leaky =
            neuron.kind == NeuronKind::leaky_same_step || neuron.kind == NeuronKind::leaky_delayed;
        if (leaky && neuron.leak > 1)
            refuse("its membrane grows (leak > 1); NIR's membranes do not");
        const bool has_equal = neuron.kind != NeuronKind::integrate_fire;
        std::vector<float> threshold = neuron.threshold;
        if (!has_equal) std::ranges::transform(threshold, threshold.begin(), value_below);
        if (leaky && neuron.leak == 0) return threshold_node(threshold);
        return leaky && neuron.leak < 1 ? lif_node(threshold, neuron.leak) : if_node(threshold);
    }

    void approximate_neuron(const Neuron& neuron) const {
        switch (neuron.kind) {
            case NeuronKind::integrate_fire:
            case NeuronKind::leaky_same_step:
                break;
            case NeuronKind::leaky_delayed:
                context.approximate("fires a step late, which NIR does not have; fires at once");
                break;
            case NeuronKind::multi_spike:
                context.approximate(
                    "sends several spikes in a step, which NIR does not have; one spike");
                break;
            case NeuronKind::one_spike:
                refuse("phase codes are not in NIR, nor anything near; convert with --coding rate");
            default:
                refuse(
                    "is no spiking neuron, and NIR has no others; convert the network first "
                    "(ranvier convert)");
        }
        const bool zero =
            neuron.reset == Reset::zero && (neuron.kind == NeuronKind::integrate_fire ||
                                            neuron.kind == NeuronKind::leaky_same_step);
        if (!zero)
            context.approximate(
                "subtracts its threshold, which NIR does not have; reset to 0 (import and convert "
                "make such neurons with --reset zero)");
        if (neuron.lower_bound)
            context.approximate("has a lower bound of the membrane, which NIR does not have; none");
    }

    void put(NirNode& result, const char* name, double value) const {
        result.parameters.emplace(name, spread(std::vector{value}, context.out, context.flat_in));
    }
    NirNode threshold_node(const std::vector<float>& threshold) const {
        NirNode result = node("Threshold");
        result.parameters.emplace("threshold", spread(threshold, context.out, context.flat_in));
        return result;
    }
    NirNode if_node(const std::vector<float>& threshold) const {
        NirNode result = node("IF");
        result.parameters.emplace("v_threshold", spread(threshold, context.out, context.flat_in));
        put(result, "r", 1 / context.dt);
        put(result, "v_reset", 0);
        return result;
    }
    NirNode lif_node(const std::vector<float>& threshold, float leak) const {
        const LeakConstants constants = constants_of_leak(leak, context.dt);
        const float back = leak_of(constants.tau, context.dt);
        if (back != leak)
            context.approximate(fmt::format("has leak {}, which comes back as {}", leak, back));
        NirNode result = node("LIF");
        result.parameters.emplace("v_threshold", spread(threshold, context.out, context.flat_in));
        put(result, "tau", constants.tau);
        put(result, "r", constants.r);
        put(result, "v_leak", 0);
        put(result, "v_reset", 0);
        return result;
    }
};

}  // namespace

std::vector<std::int64_t> dims_of(const Shape& shape, bool flat) {
    return flat ? std::vector{shape.channels}
                : std::vector{shape.channels, shape.height, shape.width};
}

NirNode scale_node(const std::vector<float>& factors, const Shape& shape, bool flat) {
    NirNode result = node("Scale");
    result.parameters.emplace("scale", spread(factors, shape, flat));
    return result;
}

NirNode shift_node(const std::vector<float>& shift, const Shape& shape) {
    const auto n = static_cast<std::size_t>(shape.channels);
    const Layer layer{"", {}, channel_factors(std::vector<float>(n, 1.0F))};
    Convolution conv = *layer.as<Convolution>();
    conv.bias = Tensor({shape.channels}, shift);
    const LayerContext context{layer, shape, shape, false, 1, {}};
    return LayerWriter{context}(conv);
}

NirNode node_of_layer(const LayerContext& context) {
    return std::visit(LayerWriter{context}, context.layer.operation);
}

}  // namespace ranvier
