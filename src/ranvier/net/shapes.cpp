#include "ranvier/net/shapes.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/binary_weights.hpp"
#include "ranvier/net/int8_weights.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace ranvier {

namespace {

constexpr std::int64_t max_extent = std::int64_t{1}
                                    << 24;  // of one axis: products of two fit easily
constexpr std::int64_t max_values = std::int64_t{1} << 31;

template <typename... Args>
[[noreturn]] void reject(const Layer& layer, fmt::format_string<Args...> format, Args&&... args) {
    fail(Fault::bad_input, "layer '{}' ({}): {}", layer.name, operation_name(layer.operation),
         fmt::format(format, std::forward<Args>(args)...));
}

std::int64_t windowed_extent(std::int64_t in, std::int64_t kernel, std::int64_t stride,
                             std::int64_t pad_before, std::int64_t pad_after, std::int64_t dilation,
                             bool ceil_mode) {
    const std::int64_t span = dilation * (kernel - 1) + 1;
    const std::int64_t room = in + pad_before + pad_after - span;
    if (room < 0) return 0;
    std::int64_t out = (room + (ceil_mode ? stride - 1 : 0)) / stride + 1;
    if (ceil_mode && (out - 1) * stride >= in + pad_before) --out;
    return out;
}

void check_tensor(const Layer& layer, const char* what, const Tensor& tensor,
                  const std::vector<std::int64_t>& dims) {
    if (tensor.dims != dims || tensor.values.size() != Tensor::count(dims))
        reject(layer, "{} has shape [{}]; it must be [{}]", what, fmt::join(tensor.dims, ", "),
               fmt::join(dims, ", "));
    const auto bad = std::find_if_not(tensor.values.begin(), tensor.values.end(),
                                      [](float v) { return std::isfinite(v); });
    if (bad != tensor.values.end())
        reject(layer, "{} holds {} at position {}; all values must be finite", what, *bad,
               bad - tensor.values.begin());
}

void check_bias(const Layer& layer, const Tensor& bias, std::int64_t n_out) {
    if (!bias.empty()) check_tensor(layer, "bias", bias, {n_out});
}

/// Whether sound weights hold what their format says.
void check_format(const Layer& layer, const Tensor& weight, const WeightFormat& format) {
    if (format.kind == WeightKind::float32) {
        if (!format.scales.empty()) reject(layer, "float32 weights must not have scales");
        return;
    }
    const std::string fault =
        format.kind == WeightKind::int8 ? int8_fault(weight, format) : binary_fault(weight, format);
    if (!fault.empty()) reject(layer, "{}", fault);
}

void check_window(const Layer& layer, const Window& w) {
    const auto in_range = [](std::int64_t low, std::initializer_list<std::int64_t> values) {
        return std::all_of(values.begin(), values.end(),
                           [low](std::int64_t v) { return v >= low && v < max_extent; });
    };
    if (!in_range(1, {w.kernel_h, w.kernel_w, w.stride_h, w.stride_w, w.dilation_h, w.dilation_w}))
        reject(layer, "kernel, stride and dilation must be at least 1");
    if (!in_range(0, {w.pad_top, w.pad_left, w.pad_bottom, w.pad_right}))
        reject(layer, "padding must not be negative");
}

Shape checked_window(const Layer& layer, const Shape& in, const Window& window, bool ceil_mode,
                     std::int64_t channels) {
    check_window(layer, window);
    const Shape out = windowed_shape(in, window, ceil_mode, channels);
    if (out.height < 1 || out.width < 1)
        reject(layer, "the {}x{} kernel does not fit into the padded {} input", window.kernel_h,
               window.kernel_w, to_string(in));
    return out;
}

void check_positive(const Layer& layer, const char* what, const std::vector<float>& values,
                    std::int64_t channels) {
    if (values.size() != 1 && static_cast<std::int64_t>(values.size()) != channels)
        reject(layer, "{} has {} values; it must have 1 or {} (one per channel)", what,
               values.size(), channels);
    for (const float v : values)
        if (!(std::isfinite(v) && v > 0))
            reject(layer, "{} holds {}; it must be finite and > 0", what, v);
}

/// One overload per operation: the output shape, after all checks of that operation.
struct ShapeOf {
    const Layer& layer;
    const std::vector<Shape>& in;

    Shape operator()(const Input& op) const {
        const Shape& s = op.shape;
        for (const std::int64_t extent : {s.channels, s.height, s.width})
            if (extent < 1 || extent >= max_extent)
                reject(layer, "shape {} cannot be used", to_string(s));
        for (const auto* values : {&op.mean, &op.std})
            if (!values->empty() && static_cast<std::int64_t>(values->size()) != s.channels)
                reject(layer, "mean and std need {} values, one per channel", s.channels);
        for (const float m : op.mean)
            if (!std::isfinite(m)) reject(layer, "mean holds {}; it must be finite", m);
        if (!op.std.empty()) check_positive(layer, "std", op.std, s.channels);
        return s;
    }
    Shape operator()(const Convolution& op) const {
        if (op.weight.dims.size() != 4)
            reject(
                layer,
                "weight has {} axes; it must have 4 ([n_out][n_in / groups][kernel_h][kernel_w])",
                op.weight.dims.size());
        const std::int64_t n_out = op.weight.dims[0];
        if (op.groups < 1 || in[0].channels % op.groups != 0 || n_out < 1 || n_out >= max_extent ||
            n_out % op.groups != 0)
            reject(layer, "{} groups do not divide {} input and {} output channels", op.groups,
                   in[0].channels, n_out);
        check_tensor(layer, "weight", op.weight,
                     {n_out, in[0].channels / op.groups, op.window.kernel_h, op.window.kernel_w});
        check_format(layer, op.weight, op.format);
        check_bias(layer, op.bias, n_out);
        return checked_window(layer, in[0], op.window, false, n_out);
    }
    Shape operator()(const Linear& op) const {
        if (in[0].plane() != 1)
            reject(layer, "input has shape {}; flatten it first", to_string(in[0]));
        if (op.weight.dims.size() != 2 || op.weight.dims[0] < 1)
            reject(layer, "weight must have 2 axes ([n_out][n_in])");
        check_tensor(layer, "weight", op.weight, {op.weight.dims[0], in[0].channels});
        check_format(layer, op.weight, op.format);
        check_bias(layer, op.bias, op.weight.dims[0]);
        return {op.weight.dims[0], 1, 1};
    }
    Shape operator()(const BatchNorm& op) const {
        check_tensor(layer, "scale", op.scale, {in[0].channels});
        check_tensor(layer, "shift", op.shift, {in[0].channels});
        check_tensor(layer, "mean", op.mean, {in[0].channels});
        check_tensor(layer, "variance", op.variance, {in[0].channels});
        if (!(op.epsilon >= 0 && std::isfinite(op.epsilon)))
            reject(layer, "epsilon is {}; it must be >= 0", op.epsilon);
        for (const float v : op.variance.values)
            if (!(v + op.epsilon > 0)) reject(layer, "variance {} cannot be used", v);
        return in[0];
    }
    Shape operator()(const AveragePool& op) const {
        if (op.window.dilation_h != 1 || op.window.dilation_w != 1)
            reject(layer, "cannot be dilated");
        check_padding(op.window);
        return checked_window(layer, in[0], op.window, op.ceil_mode, in[0].channels);
    }
    Shape operator()(const MaxPool& op) const {
        check_padding(op.window);
        return checked_window(layer, in[0], op.window, op.ceil_mode, in[0].channels);
    }
    Shape operator()(const GlobalAveragePool&) const { return {in[0].channels, 1, 1}; }
    Shape operator()(const Add&) const {
        for (const Shape& other : in)
            if (other != in[0])
                reject(layer, "cannot add {} and {}", to_string(in[0]), to_string(other));
        return in[0];
    }
    Shape operator()(const Concat&) const {
        Shape out = in[0];
        out.channels = 0;
        for (const Shape& part : in) {
            if (part.height != out.height || part.width != out.width)
                reject(layer, "cannot join {} and {}", to_string(in[0]), to_string(part));
            out.channels += part.channels;
        }
        return out;
    }
    Shape operator()(const Flatten&) const { return {in[0].size(), 1, 1}; }
    Shape operator()(const Shortcut& op) const {
        if (op.stride < 1 || op.stride >= max_extent) reject(layer, "stride must be at least 1");
        if (op.channels_before < 0 || op.channels_after < 0 || op.channels_before >= max_extent ||
            op.channels_after >= max_extent)
            reject(layer, "padding channels must not be negative");
        return {in[0].channels + op.channels_before + op.channels_after,
                (in[0].height - 1) / op.stride + 1, (in[0].width - 1) / op.stride + 1};
    }
    Shape operator()(const Dropout& op) const {
        if (!(op.probability >= 0 && op.probability < 1))
            reject(layer, "probability must be in [0, 1)");
        return in[0];
    }
    Shape operator()(const EdgeValues& op) const {
        check_graph(op.adjacency);
        if (in[0] != Shape{1, op.adjacency.matrix->n_rows, 1})
            reject(layer, "input has shape {}; it must be 1x{}x1, one value for each node",
                   to_string(in[0]), op.adjacency.matrix->n_rows);
        return {1, static_cast<std::int64_t>(op.adjacency.matrix->n_entries()), 1};
    }
    Shape operator()(const NodeEmbedding& op) const {
        check_graph(op.adjacency);
        const SparseMatrix& graph = *op.adjacency.matrix;
        if (in[0] != Shape{1, static_cast<std::int64_t>(graph.n_entries()), 1})
            reject(layer, "input has shape {}; it must be 1x{}x1, one value for each edge",
                   to_string(in[0]), graph.n_entries());
        if (op.weight.dims.size() != 2 || op.weight.dims[1] < 1 || op.weight.dims[1] >= max_extent)
            reject(layer, "weight must have 2 axes ([n_nodes][n_out])");
        check_tensor(layer, "weight", op.weight, {graph.n_rows, op.weight.dims[1]});
        return {op.weight.dims[1], graph.n_rows, 1};
    }
    Shape operator()(const GraphPropagation& op) const {
        check_graph(op.adjacency);
        if (in[0].height != op.adjacency.matrix->n_rows || in[0].width != 1)
            reject(layer, "input has shape {}; its height must be {}, the number of nodes",
                   to_string(in[0]), op.adjacency.matrix->n_rows);
        return in[0];
    }
    Shape operator()(const Activation& op) const {
        const Neuron& n = op.neuron;
        check_positive(layer, "threshold", n.threshold, in[0].channels);
        check_positive(layer, "amplitude", n.amplitude, in[0].channels);
        if (!(std::isfinite(n.leak) && n.leak >= 0))
            reject(layer, "leak is {}; it must be finite and >= 0", n.leak);
        if (n.lower_bound && !std::isfinite(*n.lower_bound))
            reject(layer, "lower bound must be finite");
        if (!(std::isfinite(n.base) && n.base > 1))
            reject(layer, "base is {}; it must be > 1", n.base);
        return in[0];
    }
    Shape operator()(const Output&) const { return in[0]; }

    void check_graph(const Adjacency& adjacency) const {
        if (adjacency.matrix == nullptr) reject(layer, "the network has no graph");
        const SparseMatrix& graph = *adjacency.matrix;
        if (graph.n_rows < 1 || graph.n_rows != graph.n_columns || graph.n_entries() == 0)
            reject(layer, "the graph is {} x {} with {} entries; it must be square and not empty",
                   graph.n_rows, graph.n_columns, graph.n_entries());
    }
    void check_padding(const Window& w) const {
        check_window(layer, w);
        const std::int64_t reach_h = w.dilation_h * (w.kernel_h - 1) + 1;
        const std::int64_t reach_w = w.dilation_w * (w.kernel_w - 1) + 1;
        if (std::max(w.pad_top, w.pad_bottom) >= reach_h ||
            std::max(w.pad_left, w.pad_right) >= reach_w)
            reject(layer, "padding must be smaller than the kernel");
    }
};

void check_place(const Network& network, std::size_t index, std::set<std::string>& names) {
    const Layer& layer = network.layers[index];
    const bool first = index == 0;
    const bool last = index + 1 == network.layers.size();
    if (!names.insert(layer.name).second) reject(layer, "its name is used twice");
    if ((layer.as<Input>() != nullptr) != first)
        reject(layer, "exactly the first layer must be an input");
    if ((layer.as<Output>() != nullptr) != last)
        reject(layer, "exactly the last layer must be an output");
    const bool many = layer.as<Add>() != nullptr || layer.as<Concat>() != nullptr;
    const std::size_t n = layer.inputs.size();
    if (many ? n < 1 : n != (first ? 0U : 1U)) reject(layer, "has {} inputs", n);
    for (const std::size_t source : layer.inputs)
        if (source >= index)
            reject(layer, "reads layer {}, which does not stand before it", source);
}

/// A threshold of 0 would be reached by silence.
void check_phases(const Layer& layer, const Neuron& neuron, int steps) {
    const double last = std::pow(static_cast<double>(neuron.base), -steps) / 2;
    if (neuron.kind == NeuronKind::one_spike && last < std::numeric_limits<float>::min())
        reject(layer,
               "a spike of phase {} to base {} is worth too little for a float; use fewer "
               "phases or a smaller base",
               steps, neuron.base);
}

void check_timing(const Timing& timing) {
    if (timing.steps < 0 || timing.steps > 1 << 20 || timing.wait < 0 || timing.wait > 1 << 20)
        fail(Fault::bad_input,
             "network: {} timesteps with wait {} cannot be used; allowed is 0 to {}", timing.steps,
             timing.wait, 1 << 20);
    if (timing.input == InputCoding::one_spike_phase &&
        !(timing.input_base > 1 && timing.input_base <= 1e6F))
        fail(Fault::bad_input, "network: input base {} cannot be used; it must be in (1, 1e6]",
             timing.input_base);
    if (timing.input == InputCoding::poisson &&
        !(timing.input_rate > 0 && timing.input_rate <= 1e6F))
        fail(Fault::bad_input, "network: input rate {} cannot be used; it must be in (0, 1e6]",
             timing.input_rate);
}

}  // namespace

Shape windowed_shape(const Shape& in, const Window& w, bool ceil_mode, std::int64_t channels) {
    return {channels,
            windowed_extent(in.height, w.kernel_h, w.stride_h, w.pad_top, w.pad_bottom,
                            w.dilation_h, ceil_mode),
            windowed_extent(in.width, w.kernel_w, w.stride_w, w.pad_left, w.pad_right, w.dilation_w,
                            ceil_mode)};
}

Shape output_shape(const Layer& layer, const std::vector<Shape>& in) {
    const Shape out = std::visit(ShapeOf{layer, in}, layer.operation);
    if (out.channels < 1 || out.channels > max_values / out.height / out.width)
        reject(layer, "output shape {} is too large", to_string(out));
    return out;
}

std::vector<Shape> infer_shapes(const Network& network) {
    if (network.layers.size() < 2)
        fail(Fault::bad_input, "network: needs an input and an output layer");
    check_timing(network.timing);
    std::set<std::string> names;
    std::vector<Shape> shapes;
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
        check_place(network, l, names);
        const Layer& layer = network.layers[l];
        std::vector<Shape> in;
        for (const std::size_t source : layer.inputs) in.push_back(shapes[source]);
        shapes.push_back(output_shape(layer, in));
        if (const auto* activation = layer.as<Activation>())
            check_phases(layer, activation->neuron, network.timing.steps);
    }
    const auto readers = consumers(network);
    for (std::size_t l = 0; l + 1 < readers.size(); ++l)
        if (readers[l].empty()) reject(network.layers[l], "no other layer reads it");
    return shapes;
}

}  // namespace ranvier
