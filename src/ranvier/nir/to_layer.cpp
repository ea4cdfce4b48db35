#include "ranvier/nir/to_layer.hpp"

#include <algorithm>
#include <fmt/ranges.h>

namespace ranvier {

namespace {

void set_padding(Window& window, std::int64_t h, std::int64_t w) {
    window.pad_top = window.pad_bottom = h;
    window.pad_left = window.pad_right = w;
}

/// Padding that keeps height and width, the odd one behind, as PyTorch does.
void set_same_padding(const NirNode& node, Window& window) {
    if (window.stride_h != 1 || window.stride_w != 1)
        reject_node(Fault::bad_input, node, "padding 'same' needs a stride of 1");
    const std::int64_t h = window.dilation_h * (window.kernel_h - 1);
    const std::int64_t w = window.dilation_w * (window.kernel_w - 1);
    set_padding(window, h / 2, w / 2);
    window.pad_bottom = h - h / 2;
    window.pad_right = w - w / 2;
}

/// @param n_axes  1: along the width alone.
void read_padding(const NirNode& node, Window& window, std::size_t n_axes) {
    const auto* texts = std::get_if<std::vector<std::string>>(&parameter(node, "padding").values);
    if (texts != nullptr) {
        if (texts->size() == 1 && texts->front() == "same") return set_same_padding(node, window);
        if (texts->size() == 1 && texts->front() == "valid") return;
        reject_node(Fault::bad_input, node, "padding must be 'same', 'valid' or numbers");
    }
    const std::vector<std::int64_t> padding = integers(node, "padding", n_axes);
    set_padding(window, n_axes == 1 ? 0 : padding[0], padding.back());
}

void require_input_shape(const NirNode& node, const Shape& in, std::size_t n_axes) {
    if (!node.parameters.contains("input_shape")) return;
    const std::vector<std::int64_t> given = integers(node, "input_shape", n_axes);
    if (given.back() != in.width || (n_axes == 2 && given.front() != in.height))
        reject_node(Fault::bad_input, node, "input_shape is [{}], but the node reads {}",
                    fmt::join(given, ", "), to_string(in));
}

/// NIR's convolutions always have a bias; one of zeros is none.
Tensor bias_of(const NirNode& node) {
    Tensor bias = weights(node, "bias", 1);
    const bool zero = std::ranges::all_of(bias.values, [](float b) { return b == 0; });
    return zero ? Tensor() : bias;
}

Convolution convolution(const NirNode& node, const Shape& in, std::size_t n_axes) {
    Convolution conv;
    conv.weight = weights(node, "weight", n_axes + 2);
    if (n_axes == 1) conv.weight.dims.insert(conv.weight.dims.begin() + 2, 1);
    conv.bias = bias_of(node);
    conv.groups = integers(node, "groups", 1)[0];
    const auto stride = integers(node, "stride", n_axes);
    const auto dilation = integers(node, "dilation", n_axes);
    Window& window = conv.window;
    window.kernel_h = conv.weight.dims[2];
    window.kernel_w = conv.weight.dims[3];
    window.stride_w = stride.back();
    window.dilation_w = dilation.back();
    if (n_axes == 2) {
        window.stride_h = stride.front();
        window.dilation_h = dilation.front();
    } else if (in.height != 1) {
        reject_node(Fault::bad_input, node, "reads {}; it must be one row", to_string(in));
    }
    require_input_shape(node, in, n_axes);
    read_padding(node, window, n_axes);
    return conv;
}

Window pool_window(const NirNode& node) {
    const auto kernel = integers(node, "kernel_size", 2), stride = integers(node, "stride", 2);
    Window window;
    window.kernel_h = kernel[0], window.kernel_w = kernel[1];
    window.stride_h = stride[0], window.stride_w = stride[1];
    read_padding(node, window, 2);
    return window;
}

/// NIR sums a window that hangs over the border as if zeros stood there, and divides by its size.
AveragePool average_pool(const NirNode& node) {
    AveragePool pool{pool_window(node)};
    pool.count_include_pad = pool.window.pad_top != 0 || pool.window.pad_left != 0;
    return pool;
}

/// A convolution of ones, channel by channel.
Convolution sum_pool(const NirNode& node, const Shape& in) {
    Convolution conv;
    conv.window = pool_window(node);
    conv.groups = in.channels;
    constexpr std::int64_t largest = 1 << 10, most_weights = 1 << 22;
    const std::int64_t h = conv.window.kernel_h, w = conv.window.kernel_w;
    if (std::min(h, w) < 1 || std::max(h, w) > largest || h * w > most_weights / in.channels)
        reject_node(Fault::unsupported, node,
                    "its kernel of {}x{} on {} channels is too large; allowed are {} weights", h, w,
                    in.channels, most_weights);
    conv.weight = Tensor({in.channels, 1, conv.window.kernel_h, conv.window.kernel_w});
    std::ranges::fill(conv.weight.values, 1.0F);
    return conv;
}

Operation flatten(const NirNode& node, const Shape& in) {
    std::vector<std::int64_t> dims = {in.channels, in.height, in.width};
    if (node.parameters.contains("input_type")) {
        const NirValue& given = parameter(node, "input_type");
        dims = integers(node, "input_type", given.size());
    }
    const auto rank = static_cast<std::int64_t>(dims.size());
    std::int64_t first = integers(node, "start_dim", 1)[0], last = integers(node, "end_dim", 1)[0];
    if (first < 0) first += rank;
    if (last < 0) last += rank;
    if (first < 0 || last >= rank || first > last)
        reject_node(Fault::bad_input, node, "start_dim and end_dim do not lie within {} axes",
                    rank);
    for (std::int64_t axis = 0; axis < rank; ++axis)
        if ((axis < first || axis > last) && dims[static_cast<std::size_t>(axis)] != 1)
            reject_node(Fault::unsupported, node,
                        "leaves an axis of {} values as it is; Ranvier flattens all axes",
                        dims[static_cast<std::size_t>(axis)]);
    return Flatten{};
}

Operation scale(const NirNode& node, const Shape& in) {
    if (is_plain_sum(node)) return Add{};
    const std::vector<double> factors = per_channel(node, "scale", in);
    std::vector<float> rounded(factors.begin(), factors.end());
    rounded.resize(static_cast<std::size_t>(in.channels), rounded[0]);
    return channel_factors(std::move(rounded));
}

Operation delay(const NirNode& node) {
    for (const double seconds : numbers(node, "delay"))
        if (seconds != 0)
            reject_node(Fault::unsupported, node, "is {} s; Ranvier's layers have no delays",
                        seconds);
    return Add{};
}

const char* refusal(const std::string& type) {
    if (type == "CubaLIF" || type == "CubaLI")
        return "has a synaptic current of its own; Ranvier's neurons have none (use LIF, whose "
               "input is the current)";
    if (type == "LI" || type == "I")
        return "is a membrane that does not fire; Ranvier's networks end with the last weights, "
               "whose output is summed over time";
    return "is not a node that Ranvier knows (docs/formats.md lists them)";
}

}  // namespace

Convolution channel_factors(std::vector<float> factors) {
    Convolution conv;
    conv.groups = static_cast<std::int64_t>(factors.size());
    conv.weight = Tensor({conv.groups, 1, 1, 1}, std::move(factors));
    return conv;
}

bool is_plain_sum(const NirNode& node) {
    if (node.type != "Scale") return false;
    return std::ranges::all_of(numbers(node, "scale"), [](double s) { return s == 1; });
}

Shape node_shape(const NirNode& node) {
    const NirValue& value = parameter(node, "shape");
    const std::vector<std::int64_t> dims = integers(node, "shape", value.size());
    if (dims.empty() || dims.size() > 3)
        reject_node(Fault::bad_input, node, "shape has {} axes; it must have 1 to 3", dims.size());
    if (dims.size() == 1) return {dims[0], 1, 1};
    if (dims.size() == 2) return {dims[0], 1, dims[1]};
    return {dims[0], dims[1], dims[2]};
}

Operation to_operation(const NirNode& node, const Shape& in, const NirArithmetic& arithmetic) {
    const std::string& type = node.type;
    if (type == "Input") return Input{node_shape(node), {}, {}};
    if (type == "Output") return Output{};
    if (type == "Linear") return Linear{weights(node, "weight", 2), {}};
    if (type == "Affine") return Linear{weights(node, "weight", 2), weights(node, "bias", 1)};
    if (type == "Conv1d") return convolution(node, in, 1);
    if (type == "Conv2d") return convolution(node, in, 2);
    if (type == "SumPool2d") return sum_pool(node, in);
    if (type == "AvgPool2d") return average_pool(node);
    if (type == "Flatten") return flatten(node, in);
    if (type == "Scale") return scale(node, in);
    if (type == "Delay") return delay(node);
    if (type == "IF" || type == "LIF" || type == "Threshold")
        return Activation{neuron_of_node(node, in, arithmetic)};
    reject_node(Fault::unsupported, node, "{}", refusal(type));
}

}  // namespace ranvier
