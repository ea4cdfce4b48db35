#include "ranvier/sim/float_reference.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/shapes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ranvier {

namespace {

using Values = std::vector<float>;

std::size_t index_of(const Shape& s, std::int64_t c, std::int64_t y, std::int64_t x) {
    return static_cast<std::size_t>((c * s.height + y) * s.width + x);
}

bool inside(const Shape& s, std::int64_t y, std::int64_t x) {
    return y >= 0 && y < s.height && x >= 0 && x < s.width;
}

double bias_of(const Tensor& bias, std::int64_t channel) {
    return bias.empty() ? 0.0 : bias.values[static_cast<std::size_t>(channel)];
}

/// Calls visit(channel, y, x) for every output position, in storage order.
template <typename Visit>
void for_each_position(const Shape& out, const Visit& visit) {
    for (std::int64_t c = 0; c < out.channels; ++c)
        for (std::int64_t y = 0; y < out.height; ++y)
            for (std::int64_t x = 0; x < out.width; ++x) visit(c, y, x);
}

/// Calls visit(i, j, y, x) for each tap (i, j) of the window at output (oy, ox), with the place
/// (y, x) in the input, which may lie outside.
template <typename Visit>
void for_each_tap(const Window& w, std::int64_t oy, std::int64_t ox, const Visit& visit) {
    for (std::int64_t i = 0; i < w.kernel_h; ++i)
        for (std::int64_t j = 0; j < w.kernel_w; ++j)
            visit(i, j, oy * w.stride_h - w.pad_top + i * w.dilation_h,
                  ox * w.stride_w - w.pad_left + j * w.dilation_w);
}

/// Calls visit(edge, node at its other end) for every edge of `node`.
template <typename Visit>
void for_each_edge(const SparseMatrix& graph, std::int64_t node, const Visit& visit) {
    for (auto e = graph.row_start[static_cast<std::size_t>(node)];
         e < graph.row_start[static_cast<std::size_t>(node) + 1]; ++e)
        visit(static_cast<std::size_t>(e), graph.column[static_cast<std::size_t>(e)]);
}

/// One layer's output from its inputs: one overload per operation.
struct Forward {
    const std::vector<const Values*>& in;
    const std::vector<Shape>& in_shapes;
    const Shape& out_shape;
    std::span<const float> image;

    [[nodiscard]] Values zeros() const {
        return Values(static_cast<std::size_t>(out_shape.size()), 0.0F);
    }

    Values operator()(const Input& op) const {
        Values out = zeros();
        for_each_position(out_shape, [&](std::int64_t c, std::int64_t y, std::int64_t x) {
            const auto channel = static_cast<std::size_t>(c);
            const double mean = op.mean.empty() ? 0.0 : op.mean[channel];
            const double std = op.std.empty() ? 1.0 : op.std[channel];
            const std::size_t k = index_of(out_shape, c, y, x);
            out[k] = static_cast<float>((image[k] - mean) / std);
        });
        return out;
    }

    Values operator()(const Convolution& op) const {
        const Shape& s = in_shapes[0];
        const std::int64_t in_per_group = s.channels / op.groups;
        const std::int64_t out_per_group = out_shape.channels / op.groups;
        Values out = zeros();
        for_each_position(out_shape, [&](std::int64_t c, std::int64_t oy, std::int64_t ox) {
            double sum = bias_of(op.bias, c);
            for (std::int64_t k = 0; k < in_per_group; ++k) {
                const std::int64_t source = c / out_per_group * in_per_group + k;
                for_each_tap(op.window, oy, ox, [&](auto i, auto j, auto y, auto x) {
                    if (!inside(s, y, x)) return;
                    const std::int64_t tap =
                        ((c * in_per_group + k) * op.window.kernel_h + i) * op.window.kernel_w + j;
                    sum += double{op.weight.values[static_cast<std::size_t>(tap)]} *
                           (*in[0])[index_of(s, source, y, x)];
                });
            }
            out[index_of(out_shape, c, oy, ox)] = static_cast<float>(sum);
        });
        return out;
    }

    Values operator()(const Linear& op) const {
        const Values& x = *in[0];
        Values out = zeros();
        for (std::size_t o = 0; o < out.size(); ++o) {
            double sum = bias_of(op.bias, static_cast<std::int64_t>(o));
            for (std::size_t i = 0; i < x.size(); ++i)
                sum += double{op.weight.values[o * x.size() + i]} * x[i];
            out[o] = static_cast<float>(sum);
        }
        return out;
    }

    Values operator()(const BatchNorm& op) const {
        Values out = zeros();
        for_each_position(out_shape, [&](std::int64_t c, std::int64_t y, std::int64_t x) {
            const auto channel = static_cast<std::size_t>(c);
            const std::size_t k = index_of(out_shape, c, y, x);
            const double deviation = std::sqrt(double{op.variance.values[channel]} + op.epsilon);
            const double normal = ((*in[0])[k] - double{op.mean.values[channel]}) / deviation;
            out[k] =
                static_cast<float>(op.scale.values[channel] * normal + op.shift.values[channel]);
        });
        return out;
    }

    Values operator()(const AveragePool& op) const {
        const Shape& s = in_shapes[0];
        const Window& w = op.window;
        Values out = zeros();
        for_each_position(out_shape, [&](std::int64_t c, std::int64_t oy, std::int64_t ox) {
            double sum = 0;
            int n_inside = 0;
            int n_padded = 0;
            for_each_tap(w, oy, ox, [&](auto, auto, auto y, auto x) {
                if (y >= s.height + w.pad_bottom || x >= s.width + w.pad_right) return;
                ++n_padded;
                if (!inside(s, y, x)) return;
                ++n_inside;
                sum += (*in[0])[index_of(s, c, y, x)];
            });
            out[index_of(out_shape, c, oy, ox)] =
                static_cast<float>(sum / (op.count_include_pad ? n_padded : n_inside));
        });
        return out;
    }

    Values operator()(const MaxPool& op) const {
        const Shape& s = in_shapes[0];
        Values out = zeros();
        for_each_position(out_shape, [&](std::int64_t c, std::int64_t oy, std::int64_t ox) {
            float largest = std::numeric_limits<float>::lowest();
            for_each_tap(op.window, oy, ox, [&](auto, auto, auto y, auto x) {
                if (inside(s, y, x)) largest = std::max(largest, (*in[0])[index_of(s, c, y, x)]);
            });
            out[index_of(out_shape, c, oy, ox)] = largest;
        });
        return out;
    }

    Values operator()(const GlobalAveragePool&) const {
        const auto plane = static_cast<std::size_t>(in_shapes[0].plane());
        Values out = zeros();
        for (std::size_t c = 0; c < out.size(); ++c) {
            double sum = 0;
            for (std::size_t k = 0; k < plane; ++k) sum += (*in[0])[c * plane + k];
            out[c] = static_cast<float>(sum / static_cast<double>(plane));
        }
        return out;
    }

    Values operator()(const Add&) const {
        Values out = zeros();
        for (std::size_t k = 0; k < out.size(); ++k) {
            double sum = 0;
            for (const Values* part : in) sum += (*part)[k];
            out[k] = static_cast<float>(sum);
        }
        return out;
    }

    Values operator()(const Concat&) const {
        Values out;
        for (const Values* part : in) out.insert(out.end(), part->begin(), part->end());
        return out;
    }

    Values operator()(const Shortcut& op) const {
        const Shape& s = in_shapes[0];
        Values out = zeros();
        for_each_position(out_shape, [&](std::int64_t c, std::int64_t y, std::int64_t x) {
            const std::int64_t source = c - op.channels_before;
            if (source >= 0 && source < s.channels)
                out[index_of(out_shape, c, y, x)] =
                    (*in[0])[index_of(s, source, y * op.stride, x * op.stride)];
        });
        return out;
    }

    Values operator()(const EdgeValues& op) const {
        const SparseMatrix& graph = *op.adjacency.matrix;
        Values out = zeros();
        for (std::size_t e = 0; e < out.size(); ++e)
            out[e] = graph.value[e] * (*in[0])[static_cast<std::size_t>(graph.column[e])];
        return out;
    }

    Values operator()(const NodeEmbedding& op) const {
        const SparseMatrix& graph = *op.adjacency.matrix;
        Values out = zeros();
        for_each_position(out_shape, [&](std::int64_t c, std::int64_t node, std::int64_t) {
            double sum = 0;
            for_each_edge(graph, node, [&](std::size_t edge, std::int64_t source) {
                sum += double{(*in[0])[edge]} *
                       op.weight.values[static_cast<std::size_t>(source * out_shape.channels + c)];
            });
            out[index_of(out_shape, c, node, 0)] = static_cast<float>(sum);
        });
        return out;
    }

    Values operator()(const GraphPropagation& op) const {
        const SparseMatrix& graph = *op.adjacency.matrix;
        Values out = zeros();
        for_each_position(out_shape, [&](std::int64_t c, std::int64_t node, std::int64_t) {
            double sum = 0;
            for_each_edge(graph, node, [&](std::size_t edge, std::int64_t source) {
                sum += double{graph.value[edge]} * (*in[0])[index_of(out_shape, c, source, 0)];
            });
            out[index_of(out_shape, c, node, 0)] = static_cast<float>(sum);
        });
        return out;
    }

    Values operator()(const Activation& op) const {
        Values out = *in[0];
        for (float& v : out) {
            if (op.neuron.kind == NeuronKind::sign) {
                v = v < 0 ? -1.0F : 1.0F;
                continue;
            }
            v = std::max(0.0F, v);
            if (op.neuron.kind == NeuronKind::quantized_relu) v = std::floor(v);
        }
        return out;
    }

    Values operator()(const Flatten&) const { return *in[0]; }
    Values operator()(const Dropout&) const { return *in[0]; }
    Values operator()(const Output&) const { return *in[0]; }
};

}  // namespace

void require_float_neurons(const Network& network) {
    for (const Layer& layer : network.layers)
        if (const auto* activation = layer.as<Activation>();
            activation != nullptr && activation->neuron.spiking())
            fail(Fault::unsupported,
                 "float forward pass: layer '{}' has a spiking neuron; only relu and "
                 "quantized_relu can be run; use the spiking simulator for this network",
                 layer.name);
}

std::vector<std::vector<float>> reference_forward(const Network& network,
                                                  std::span<const float> image,
                                                  const ActivationRule& rule) {
    const std::vector<Shape> shapes = infer_shapes(network);
    require_float_neurons(network);
    if (image.size() != static_cast<std::size_t>(shapes[0].size()))
        fail(Fault::bad_input, "float forward pass: the image has {} values; {} has {}",
             image.size(), to_string(shapes[0]), shapes[0].size());

    std::vector<Values> values;
    for (std::size_t l = 0; l < shapes.size(); ++l) {
        std::vector<const Values*> in;
        std::vector<Shape> in_shapes;
        for (const std::size_t source : network.layers[l].inputs) {
            in.push_back(&values[source]);
            in_shapes.push_back(shapes[source]);
        }
        values.push_back(
            std::visit(Forward{in, in_shapes, shapes[l], image}, network.layers[l].operation));
        if (rule && network.layers[l].as<Activation>() != nullptr)
            for (std::size_t i = 0; i < values[l].size(); ++i)
                values[l][i] = rule(l, i, values[l][i]);
    }
    return values;
}

}  // namespace ranvier
