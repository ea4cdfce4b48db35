#include "ranvier/net/graph_json.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/binary_weights.hpp"
#include "ranvier/net/int8_weights.hpp"
#include "ranvier/net/strict_json.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <type_traits>
#include <utility>

namespace ranvier {

using nlohmann::json;

namespace {

constexpr int format_version = 1;

// One list of fields per type serves both directions: FieldWriter puts each field into a JSON
// object, FieldReader takes it out again and refuses keys that nobody asked for.

template <typename Io>
void fields(Io& io, Window& w) {
    io("kernel_h", w.kernel_h), io("kernel_w", w.kernel_w);
    io("stride_h", w.stride_h), io("stride_w", w.stride_w);
    io("pad_top", w.pad_top), io("pad_left", w.pad_left);
    io("pad_bottom", w.pad_bottom), io("pad_right", w.pad_right);
    io("dilation_h", w.dilation_h), io("dilation_w", w.dilation_w);
}
template <typename Io>
void fields(Io& io, Shape& s) {
    io("channels", s.channels), io("height", s.height), io("width", s.width);
}
template <typename Io>
void fields(Io& io, Neuron& n) {
    io("kind", n.kind), io("reset", n.reset), io("threshold", n.threshold),
        io("amplitude", n.amplitude);
    io("leak", n.leak), io("lower_bound", n.lower_bound), io("base", n.base),
        io("threshold_shift", n.threshold_shift);
}
template <typename Io>
void fields(Io& io, Timing& t) {
    io("steps", t.steps), io("wait", t.wait), io("input", t.input),
        io("propagation", t.propagation);
    if (t.input == InputCoding::one_spike_phase) io("input_base", t.input_base);
    if (t.input == InputCoding::poisson) io("input_rate", t.input_rate);
}
template <typename Io>
void fields(Io& io, Input& op) {
    io("shape", op.shape), io("mean", op.mean), io("std", op.std);
}
template <typename Io>
void fields(Io& io, Convolution& op) {
    io("window", op.window), io("groups", op.groups);
}
template <typename Io>
void fields(Io& io, BatchNorm& op) {
    io("epsilon", op.epsilon);
}
template <typename Io>
void fields(Io& io, AveragePool& op) {
    io("window", op.window), io("ceil_mode", op.ceil_mode),
        io("count_include_pad", op.count_include_pad);
}
template <typename Io>
void fields(Io& io, MaxPool& op) {
    io("window", op.window), io("ceil_mode", op.ceil_mode), io("rule", op.rule);
}
template <typename Io>
void fields(Io& io, Shortcut& op) {
    io("stride", op.stride), io("channels_before", op.channels_before),
        io("channels_after", op.channels_after);
}
template <typename Io>
void fields(Io& io, Dropout& op) {
    io("probability", op.probability);
}
template <typename Io>
void fields(Io& io, Activation& op) {
    io("neuron", op.neuron);
}
template <typename Io, typename Bare>
void fields(Io&, Bare&) {}  // linear, add, ...: nothing but inputs and weights

template <typename Enum>
constexpr auto names() {
    if constexpr (std::is_same_v<Enum, NeuronKind>)
        return std::array{"relu",
                          "quantized_relu",
                          "integrate_fire",
                          "leaky_delayed",
                          "leaky_same_step",
                          "multi_spike",
                          "one_spike",
                          "sign"};
    else if constexpr (std::is_same_v<Enum, Reset>)
        return std::array{"subtract", "zero"};
    else if constexpr (std::is_same_v<Enum, MaxRule>)
        return std::array{"running_count", "current_step"};
    else if constexpr (std::is_same_v<Enum, InputCoding>)
        return std::array{"direct", "binary_phase", "one_spike_phase", "poisson"};
    else
        return std::array{"same_step", "delayed"};
}

class FieldWriter {
public:
    explicit FieldWriter(json& object) : object_(object) {}

    template <typename T>
    void operator()(const char* key, T& value) {
        if constexpr (std::is_enum_v<T>) {
            object_[key] = names<T>().at(static_cast<std::size_t>(value));
        } else if constexpr (std::is_same_v<T, std::optional<float>>) {
            object_[key] = value ? json(*value) : json(nullptr);
        } else if constexpr (std::is_class_v<T> && !std::is_same_v<T, std::vector<float>>) {
            json inner = json::object();
            FieldWriter writer(inner);
            fields(writer, value);
            object_[key] = std::move(inner);
        } else {
            object_[key] = value;
        }
    }

private:
    json& object_;
};

class FieldReader {
public:
    FieldReader(const json& object, std::string where) : object_(object), where_(std::move(where)) {
        if (!object.is_object()) fail(Fault::bad_input, "{}: must be an object", where_);
    }

    template <typename T>
    void operator()(const char* key, T& value) {
        read(find(key), value, fmt::format("{}: '{}'", where_, key));
    }

    /// The member `key`, which is then known.
    const json& find(const char* key) {
        known_.insert(key);
        const auto found = object_.find(key);
        if (found == object_.end()) fail(Fault::bad_input, "{}: '{}' is missing", where_, key);
        return *found;
    }

    void refuse_unknown() const {
        for (const auto& [key, value] : object_.items())
            if (!known_.contains(key))
                fail(Fault::bad_input,
                     "{}: unknown key '{}'; the file may stem from a newer Ranvier", where_, key);
    }

    template <typename T>
    static void read(const json& from, T& value, const std::string& where) {
        if constexpr (std::is_enum_v<T>) {
            read_enum(from, value, where);
        } else if constexpr (std::is_same_v<T, bool>) {
            if (!from.is_boolean())
                fail(Fault::bad_input, "{} is {}; it must be true or false", where, excerpt(from));
            value = from.get<bool>();
        } else if constexpr (std::is_integral_v<T>) {
            read_integer(from, value, where);
        } else if constexpr (std::is_same_v<T, float>) {
            if (!from.is_number())
                fail(Fault::bad_input, "{} is {}; it must be a number", where, excerpt(from));
            const double wide = from.get<double>();
            if (!(std::abs(wide) <= std::numeric_limits<float>::max()))
                fail(Fault::bad_input, "{} is {}; it must fit into a float32", where,
                     excerpt(from));
            value = static_cast<float>(wide);
        } else if constexpr (std::is_same_v<T, std::string>) {
            if (!from.is_string()) fail(Fault::bad_input, "{} must be a text", where);
            value = from.get<std::string>();
        } else if constexpr (std::is_same_v<T, std::optional<float>>) {
            if (!from.is_null()) read(from, value.emplace(), where);
        } else if constexpr (std::is_same_v<T, std::vector<float>>) {
            if (!from.is_array()) fail(Fault::bad_input, "{} must be a list of numbers", where);
            value.resize(from.size());
            for (std::size_t i = 0; i < value.size(); ++i) read(from[i], value[i], where);
        } else {
            FieldReader reader(from, where);
            fields(reader, value);
            reader.refuse_unknown();
        }
    }

private:
    template <typename T>
    static void read_enum(const json& from, T& value, const std::string& where) {
        constexpr auto known = names<T>();
        for (std::size_t i = 0; i < known.size(); ++i)
            if (from == known[i]) {
                value = static_cast<T>(i);
                return;
            }
        fail(Fault::bad_input, "{} is {}; known are {}", where, excerpt(from),
             fmt::join(known, ", "));
    }
    template <typename T>
    static void read_integer(const json& from, T& value, const std::string& where) {
        const bool fits =
            from.is_number_integer() &&
            (!from.is_number_unsigned() ||
             from.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()});
        const std::int64_t wide = fits ? from.get<std::int64_t>() : 0;
        if (!fits || !std::in_range<T>(wide))
            fail(Fault::bad_input, "{} is {}; it must be a whole number of usual size", where,
                 excerpt(from));
        value = static_cast<T>(wide);
    }

    const json& object_;
    std::string where_;
    std::set<std::string> known_;
};

/// An operation of this name with default fields, found by trying every alternative.
template <std::size_t I = 0>
Operation make_operation(const std::string& name, const std::string& where) {
    if constexpr (I == std::variant_size_v<Operation>) {
        fail(Fault::bad_input, "{}: unknown operation '{}'; the file may stem from a newer Ranvier",
             where, name);
    } else {
        Operation operation{std::in_place_index<I>};
        if (name == operation_name(operation)) return operation;
        return make_operation<I + 1>(name, where);
    }
}

json encode_layer(const Network& network, const Layer& layer) {
    json object = {{"name", layer.name}, {"operation", operation_name(layer.operation)}};
    json inputs = json::array();
    for (const std::size_t source : layer.inputs) inputs.push_back(network.layers[source].name);
    object["inputs"] = std::move(inputs);
    FieldWriter writer(object);
    // fields() serves both directions; FieldWriter changes nothing.
    std::visit([&](auto& op) { fields(writer, op); }, const_cast<Operation&>(layer.operation));
    return object;
}

Layer decode_layer(const json& object, std::size_t index,
                   std::map<std::string, std::size_t>& earlier, const std::string& graph) {
    Layer layer;
    FieldReader(object, fmt::format("{}: layer {}", graph, index))("name", layer.name);
    const std::string where = fmt::format("{}: layer '{}'", graph, layer.name);
    FieldReader reader(object, where);
    std::string operation;
    reader("name", layer.name);
    reader("operation", operation);
    layer.operation = make_operation(operation, where);
    const json& inputs = reader.find("inputs");
    if (!inputs.is_array())
        fail(Fault::bad_input, "{}: 'inputs' must be a list of layer names", where);
    for (const json& input : inputs) {
        std::string name;
        FieldReader::read(input, name, where + ": 'inputs'");
        const auto found = earlier.find(name);
        if (found == earlier.end())
            fail(Fault::bad_input, "{}: reads '{}', which does not stand before it", where, name);
        layer.inputs.push_back(found->second);
    }
    std::visit([&](auto& op) { fields(reader, op); }, layer.operation);
    reader.refuse_unknown();
    if (!earlier.emplace(layer.name, index).second)
        fail(Fault::bad_input, "{}: its name is used twice", where);
    return layer;
}

/// Calls visit(name, tensor) for every tensor of an operation, const or not.
template <typename Op, typename Visit>
void for_each_tensor(Op& operation, Visit&& visit) {
    std::visit(
        [&](auto& op) {
            using T = std::remove_cvref_t<decltype(op)>;
            if constexpr (std::is_same_v<T, Convolution> || std::is_same_v<T, Linear>) {
                visit("weight", op.weight);
                visit("bias", op.bias);
            } else if constexpr (std::is_same_v<T, NodeEmbedding>) {
                visit("weight", op.weight);
            } else if constexpr (std::is_same_v<T, BatchNorm>) {
                visit("scale", op.scale);
                visit("shift", op.shift);
                visit("mean", op.mean);
                visit("variance", op.variance);
            }
        },
        operation);
}

}  // namespace

std::string encode_graph(const Network& network) {
    json graph = {{"version", format_version}, {"notes", network.notes}};
    FieldWriter writer(graph);
    Timing timing = network.timing;
    writer("timing", timing);
    json layers = json::array();
    for (const Layer& layer : network.layers) layers.push_back(encode_layer(network, layer));
    graph["layers"] = std::move(layers);
    return dump_json(graph, "graph of the network");
}

Network decode_graph(const std::string& text, const std::string& where) {
    const json graph = parse_strict_json(text, where);
    FieldReader reader(graph, where);
    int version = 0;
    reader("version", version);
    if (version != format_version)
        fail(Fault::bad_input,
             "{}: format version {}; this Ranvier reads version {}. Use the Ranvier that wrote it, "
             "or a newer one",
             where, version, format_version);
    Network network;
    reader("timing", network.timing);
    const json& notes = reader.find("notes");
    if (!notes.is_object()) fail(Fault::bad_input, "{}: 'notes' must be an object of texts", where);
    for (const auto& [key, note] : notes.items())
        FieldReader::read(note, network.notes[key], where + ": 'notes'");
    const json& layers = reader.find("layers");
    if (!layers.is_array()) fail(Fault::bad_input, "{}: 'layers' must be a list", where);
    reader.refuse_unknown();
    std::map<std::string, std::size_t> earlier;
    for (std::size_t l = 0; l < layers.size(); ++l)
        network.layers.push_back(decode_layer(layers[l], l, earlier, where));
    return network;
}

namespace {

// The names of a network's one graph; layers' tensors have a point in theirs only behind the
// layer's name, and no layer may be called like this.
constexpr const char* graph_values = "graph.value";
constexpr const char* graph_columns = "graph.column";
constexpr const char* graph_row_lengths = "graph.row_length";

void collect_adjacency(const Network& network, Safetensors& content) {
    const Adjacency* first = nullptr;
    for (const Layer& layer : network.layers) {
        const Adjacency* own = adjacency_of(layer);
        if (own == nullptr) continue;
        if (first != nullptr && !(*own == *first))
            fail(Fault::bad_input,
                 "layer '{}' works on another graph than the layers before it; a model file holds "
                 "one graph",
                 layer.name);
        if (first == nullptr) first = own;
    }
    if (first == nullptr) return;
    const SparseMatrix& matrix = *first->matrix;
    content.tensors.emplace(graph_values,
                            Tensor({static_cast<std::int64_t>(matrix.n_entries())}, matrix.value));
    content.int32.emplace(graph_columns, matrix.column);
    auto& lengths = content.int32[graph_row_lengths];
    for (std::size_t r = 0; r + 1 < matrix.row_start.size(); ++r)
        lengths.push_back(static_cast<std::int32_t>(matrix.row_start[r + 1] - matrix.row_start[r]));
}

std::shared_ptr<const SparseMatrix> take_adjacency(Safetensors& content, const std::string& where) {
    const auto values = content.tensors.find(graph_values);
    const auto columns = content.int32.find(graph_columns);
    const auto lengths = content.int32.find(graph_row_lengths);
    if (values == content.tensors.end() || columns == content.int32.end() ||
        lengths == content.int32.end())
        fail(Fault::bad_input, "{}: a layer works on a graph, but '{}', '{}' or '{}' is missing",
             where, graph_values, graph_columns, graph_row_lengths);
    const std::vector<std::int64_t> value_dims = values->second.dims;
    auto matrix = std::make_shared<SparseMatrix>();
    matrix->n_rows = matrix->n_columns = static_cast<std::int64_t>(lengths->second.size());
    for (const std::int32_t length : lengths->second)
        matrix->row_start.push_back(matrix->row_start.back() + length);
    matrix->column = std::move(columns->second);
    matrix->value = std::move(values->second.values);
    std::string fault = sparse_fault(*matrix);
    if (value_dims.size() != 1) fault = fmt::format("'{}' must be a list", graph_values);
    for (const float v : matrix->value)
        if (v < 0) fault = fmt::format("it holds {}; a graph's entries must be >= 0", v);
    if (!fault.empty()) fail(Fault::bad_input, "{}: the graph cannot be used: {}", where, fault);
    content.tensors.erase(values);
    content.int32.erase(columns);
    content.int32.erase(lengths);
    return matrix;
}

void distribute_adjacency(Network& network, Safetensors& content, const std::string& where) {
    std::shared_ptr<const SparseMatrix> matrix;
    for (Layer& layer : network.layers) {
        if (adjacency_of(layer) == nullptr) continue;
        if (matrix == nullptr) matrix = take_adjacency(content, where);
        if (auto* edges = layer.as<EdgeValues>()) edges->adjacency.matrix = matrix;
        if (auto* embedding = layer.as<NodeEmbedding>()) embedding->adjacency.matrix = matrix;
        if (auto* propagation = layer.as<GraphPropagation>())
            propagation->adjacency.matrix = matrix;
    }
}

}  // namespace

void collect_weights(const Network& network, Safetensors& content) {
    collect_adjacency(network, content);
    for (const Layer& layer : network.layers) {
        for_each_tensor(layer.operation, [&](const char* name, const Tensor& tensor) {
            if (!tensor.empty()) content.tensors.emplace(layer.name + "." + name, tensor);
        });
        const auto weights = weights_of(layer);
        if (!weights || weights->format->kind == WeightKind::float32) continue;
        const std::vector<float>& scales = weights->format->scales;
        content.tensors.erase(layer.name + ".weight");
        if (weights->format->kind == WeightKind::int8) {
            content.int8.emplace(layer.name + ".weight",
                                 int8_integers(*weights->weight, *weights->format));
        } else {
            PackedSigns signs = pack_signs(*weights->weight);
            content.bytes.emplace(layer.name + ".weight", std::move(signs.bytes));
            content.int32.emplace(layer.name + ".weight_shape", std::move(signs.dims));
        }
        content.tensors.emplace(layer.name + ".weight_scale",
                                Tensor({static_cast<std::int64_t>(scales.size())}, scales));
    }
}

namespace {

/// The scales of a layer's int8 or binary weights. @param dtype  of these, for messages.
std::vector<float> take_scales(const std::string& layer, std::int64_t n_out, const char* dtype,
                               Safetensors& content, const std::string& where) {
    const auto scale = content.tensors.find(layer + ".weight_scale");
    if (scale == content.tensors.end())
        fail(Fault::bad_input, "{}: '{}.weight' is {}, but '{}.weight_scale' is missing", where,
             layer, dtype, layer);
    const std::int64_t n_scales = scale->second.dims[0];
    if (scale->second.dims.size() != 1 || (n_scales != 1 && n_scales != n_out))
        fail(Fault::bad_input,
             "{}: '{}.weight_scale' has shape [{}]; it must be [1] or [{}] (one per channel)",
             where, layer, fmt::join(scale->second.dims, ", "), n_out);
    std::vector<float> scales = std::move(scale->second.values);
    content.tensors.erase(scale);
    return scales;
}

/// The weights of a layer whose file holds signs for them.
void take_binary(const std::string& layer, Tensor& weight, WeightFormat& format,
                 Safetensors& content, const std::string& where) {
    const auto bytes = content.bytes.find(layer + ".weight");
    if (bytes == content.bytes.end()) return;
    const auto dims = content.int32.find(layer + ".weight_shape");
    if (dims == content.int32.end())
        fail(Fault::bad_input, "{}: '{}.weight' is U8, but '{}.weight_shape' is missing", where,
             layer, layer);
    const PackedSigns signs{std::move(dims->second), std::move(bytes->second)};
    content.int32.erase(dims);
    content.bytes.erase(bytes);
    const std::string fault = packed_fault(signs);
    if (!fault.empty()) fail(Fault::bad_input, "{}: '{}.weight': {}", where, layer, fault);
    format = {WeightKind::binary, take_scales(layer, signs.dims[0], "U8", content, where)};
    weight = from_signs(signs, format.scales);
}

/// The weights of a layer whose file holds integers or signs for them.
void take_integral(const std::string& layer, Tensor& weight, WeightFormat& format,
                   Safetensors& content, const std::string& where) {
    take_binary(layer, weight, format, content, where);
    const auto integers = content.int8.find(layer + ".weight");
    if (integers == content.int8.end()) return;
    format = {WeightKind::int8, take_scales(layer, integers->second.dims[0], "I8", content, where)};
    weight = from_int8(integers->second, format.scales);
    content.int8.erase(integers);
}

}  // namespace

void distribute_weights(Network& network, Safetensors& content, const std::string& where) {
    distribute_adjacency(network, content, where);
    for (Layer& layer : network.layers) {
        for_each_tensor(layer.operation, [&](const char* name, Tensor& tensor) {
            const auto found = content.tensors.find(layer.name + "." + name);
            if (found == content.tensors.end()) return;
            tensor = std::move(found->second);
            content.tensors.erase(found);
        });
        if (auto* conv = layer.as<Convolution>())
            take_integral(layer.name, conv->weight, conv->format, content, where);
        if (auto* linear = layer.as<Linear>())
            take_integral(layer.name, linear->weight, linear->format, content, where);
    }
    const auto refuse_rest = [&](const auto& rest) {
        if (!rest.empty())
            fail(Fault::bad_input, "{}: tensor '{}' belongs to no layer", where,
                 rest.begin()->first);
    };
    refuse_rest(content.tensors);
    refuse_rest(content.int8);
    refuse_rest(content.int32);
    refuse_rest(content.bytes);
}

}  // namespace ranvier
