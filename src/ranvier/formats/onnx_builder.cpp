#include "ranvier/formats/onnx_builder.hpp"

#include "ranvier/net/shapes.hpp"

#include <algorithm>

namespace ranvier::onnx_import {

namespace {

/// Whether `text` is valid UTF-8 without control characters: it goes into JSON and messages.
bool is_plain(const std::string& text) {
    std::size_t follow = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (follow > 0) {
            if ((byte & 0xC0U) != 0x80U) return false;
            --follow;
        } else if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && byte < 0xC2) || byte > 0xF4) {
            return false;
        } else if (byte >= 0x80) {
            // Lead bytes with a restricted second byte are rare in names; leave them out.
            if (byte == 0xE0 || byte == 0xED || byte == 0xF0 || byte == 0xF4) return false;
            follow = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
        }
    }
    return follow == 0;
}

constexpr std::size_t longest_name = 200;

/// Every batch norm parameter at its neutral value, with the given scale and shift.
BatchNorm affine_norm(Tensor scale, Tensor shift) {
    BatchNorm op;
    op.mean = Tensor(scale.dims);
    op.variance = Tensor(scale.dims, std::vector<float>(scale.size(), 1.0F));
    op.scale = std::move(scale);
    op.shift = std::move(shift);
    op.epsilon = 0;
    return op;
}

}  // namespace

void Builder::define_input(const std::string& name, std::int64_t batch, const Shape& shape,
                           bool flat) {
    batch_ = batch;
    Input input;
    input.shape = shape;
    const std::string layer = is_plain(name) && name.size() <= longest_name ? name : "input";
    const std::size_t index = append(layer, input, {});
    Dims dims =
        flat ? Dims{batch, shape.channels} : Dims{batch, shape.channels, shape.height, shape.width};
    Feature feature;
    feature.layer = index;
    feature.dims = std::move(dims);
    define(name, std::move(feature));
}

const Value* Builder::find(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
}

const Value& Builder::value(const Node& node, int k) const {
    if (!node.has_input(k)) node.damaged("input {} is missing", k);
    const Value* found = find(node.input(k));
    if (found == nullptr) node.damaged("input '{}' is not known here", printable(node.input(k)));
    return *found;
}

bool Builder::is_constant(const Node& node, int k) const {
    return value(node, k).index() == 0;
}

const Constant* Builder::optional_constant(const Node& node, int k) const {
    return node.has_input(k) ? &constant(node, k) : nullptr;
}

const Constant& Builder::constant(const Node& node, int k) const {
    const Value& found = value(node, k);
    if (found.index() != 0)
        node.refuse(
            "input '{}' is computed from the network's input; it must be a constant "
            "(export the model in evaluation mode, with its weights as initializers)",
            printable(node.input(k)));
    return *std::get<0>(found);
}

std::vector<const Constant*> Builder::constants(const Node& node) const {
    std::vector<const Constant*> list;
    for (int k = 0; k < node.n_inputs(); ++k) {
        const bool known = node.has_input(k) && is_constant(node, k);
        list.push_back(known ? &constant(node, k) : nullptr);
    }
    return list;
}

const Feature& Builder::raw(const Node& node, int k) const {
    const Value& found = value(node, k);
    if (found.index() != 1)
        node.refuse("input '{}' is a constant; it must be computed from the network's input",
                    printable(node.input(k)));
    return std::get<1>(found);
}

Feature Builder::settled(Feature feature, const std::string& reader, const Node* node) {
    if (!feature.softmax.empty())
        fail(Fault::unsupported,
             "{}: {}: stands inside the network, {} reads it; only a Softmax at the very end can "
             "be dropped: export the model without it",
             file_, feature.softmax, reader);
    if (feature.padded())
        fail(Fault::unsupported,
             "{}: {}: pads rows and columns for {}; only a convolution or pooling directly behind "
             "it can take up the padding: give that layer the padding instead",
             file_, feature.waiting, reader);
    if (!feature.sliced()) return feature;
    if (feature.slice_h != feature.slice_w)
        fail(Fault::unsupported,
             "{}: {}: takes every {}th row but every {}th column; both must be the same", file_,
             feature.waiting, feature.slice_h, feature.slice_w);
    const std::string name = node == nullptr ? "slice" : layer_name(*node);
    feature.layer = append(name, Shortcut{feature.slice_h, 0, 0}, {feature.layer});
    feature.slice_h = feature.slice_w = 1;
    return feature;
}

Feature Builder::any(const Node& node, int k) {
    Feature feature = settled(raw(node, k), node.label(), &node);
    // The next reader finds it settled and does not make the layer again.
    define(node.input(k), feature);
    return feature;
}

Feature Builder::plain_image(Feature feature, const Node& node) const {
    const Shape s = shape(feature);
    const auto& pad = feature.pad;
    const Dims expected = {batch_, s.channels, s.height + pad[0] + pad[2],
                           s.width + pad[1] + pad[3]};
    if (feature.dims.size() != 4 || feature.dims != expected)
        node.refuse(
            "reads a tensor of shape {}, made by reshaping values of shape {}; it must be "
            "[batch, channels, height, width] as computed: export the model without the "
            "reshape (one-dimensional and three-dimensional layers are not supported)",
            to_string(feature.dims), ranvier::to_string(s));
    return feature;
}

Feature Builder::image(const Node& node, int k) {
    return plain_image(any(node, k), node);
}

Feature Builder::padded_image(const Node& node, int k) {
    const Feature& feature = raw(node, k);
    return feature.padded() && feature.softmax.empty() ? plain_image(feature, node)
                                                       : image(node, k);
}

Feature Builder::vector(const Node& node, int k) {
    Feature feature = any(node, k);
    if (feature.dims.size() != 2)
        node.refuse(
            "reads a tensor of shape {}; only [batch, n] is supported: put a Flatten "
            "before it",
            to_string(feature.dims));
    return feature;
}

std::string Builder::layer_name(const Node& node) {
    const std::string& given = node.name();
    if (!given.empty() && given.size() <= longest_name && is_plain(given) &&
        !names_.contains(given))
        return given;
    const std::string made = fmt::format("{}_{}", node.op(), node.index());
    std::string name = made;
    for (int k = 2; names_.contains(name); ++k) name = fmt::format("{}_{}", made, k);
    return name;
}

bool Builder::output_is_not_negative(const Layer& layer) const {
    if (layer.as<Activation>() != nullptr) return true;
    const bool keeps_sign = layer.as<MaxPool>() != nullptr || layer.as<AveragePool>() != nullptr ||
                            layer.as<GlobalAveragePool>() != nullptr ||
                            layer.as<Add>() != nullptr || layer.as<Concat>() != nullptr ||
                            layer.as<Flatten>() != nullptr || layer.as<Shortcut>() != nullptr;
    return keeps_sign && std::all_of(layer.inputs.begin(), layer.inputs.end(),
                                     [&](std::size_t l) { return bool{not_negative_[l]}; });
}

std::size_t Builder::append(std::string name, Operation operation,
                            std::vector<std::size_t> inputs) {
    Layer layer{std::move(name), std::move(inputs), std::move(operation)};
    std::vector<Shape> in;
    for (const std::size_t source : layer.inputs) in.push_back(shapes_[source]);
    shapes_.push_back(with_context(file_, [&] { return output_shape(layer, in); }));
    not_negative_.push_back(output_is_not_negative(layer));
    affine_.push_back(false);
    names_.insert(layer.name);
    network_.layers.push_back(std::move(layer));
    return network_.layers.size() - 1;
}

Feature Builder::add(const Node& node, Operation operation, std::vector<std::size_t> inputs) {
    Feature feature;
    feature.layer = append(layer_name(node), std::move(operation), std::move(inputs));
    const Shape& s = shapes_.back();
    feature.dims = {batch_, s.channels, s.height, s.width};
    return feature;
}

Feature Builder::add_like(const Node& node, Operation operation, const Feature& in) {
    Feature feature = add(node, std::move(operation), {in.layer});
    feature.dims = in.dims;
    return feature;
}

Feature Builder::add_affine(const Node& node, const Feature& in, Tensor scale, Tensor shift) {
    Feature feature = add_like(node, affine_norm(std::move(scale), std::move(shift)), in);
    affine_.back() = true;
    return feature;
}

Feature Builder::view(const Node& node, const Feature& in, Dims dims) {
    if (dims.size() < 2 || dims.front() != batch_)
        node.refuse(
            "turns shape {} into {}, which mixes or drops the batch axis; reshape to "
            "[batch, -1] instead",
            to_string(in.dims), to_string(dims));
    if (dims.size() > 8)
        node.refuse("makes a tensor of {} axes; export the model without it", dims.size());
    Feature out = in;
    const bool becomes_vector = dims.size() == 2 && shape(in).plane() != 1;
    if (becomes_vector && in.softmax.empty()) out = add(node, Flatten{}, {in.layer});
    out.dims = std::move(dims);
    return out;
}

Tensor Builder::weight(const Node& node, const Constant& constant) {
    budget_.take(constant.size(), node);
    return to_tensor(constant);
}

void Builder::note(const std::string& key, const std::string& text) {
    std::string& entry = network_.notes[key];
    entry += entry.empty() ? text : "; " + text;
}

Network Builder::finish(const std::string& output) {
    const Value* found = find(output);
    if (found == nullptr)
        fail(Fault::bad_input, "{}: output '{}' is produced by no node", file_, printable(output));
    if (found->index() == 0)
        fail(Fault::bad_input, "{}: output '{}' does not depend on the input", file_,
             printable(output));
    Feature last = std::get<Feature>(*found);
    if (!last.softmax.empty()) {
        note("output",
             fmt::format("{} at the end dropped: it keeps the order of the outputs", last.softmax));
        last.softmax.clear();
    }
    last = settled(last, "the output", nullptr);
    std::string name = "output";
    for (int k = 2; names_.contains(name); ++k) name = fmt::format("output_{}", k);
    append(name, Output{}, {last.layer});
    merge_and_prune(network_, affine_);
    with_context(file_, [&] { return infer_shapes(network_); });
    return std::move(network_);
}

}  // namespace ranvier::onnx_import
