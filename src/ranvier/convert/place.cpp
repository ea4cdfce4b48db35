#include "ranvier/convert/place.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/binary_weights.hpp"
#include "ranvier/net/shapes.hpp"

#include <algorithm>
#include <cmath>

namespace ranvier {

void place_thresholds(Network& network, const std::vector<std::vector<float>>& peaks) {
    const std::vector<Shape> shapes = infer_shapes(network);
    if (peaks.size() != shapes.size())
        fail(Fault::bad_input, "place_thresholds: {} peaks for {} layers", peaks.size(),
             shapes.size());
    for (std::size_t l = 0; l < shapes.size(); ++l) {
        if (network.layers[l].as<Activation>() == nullptr) continue;
        const std::vector<float>& peak = peaks[l];
        if (peak.size() != 1 && peak.size() != static_cast<std::size_t>(shapes[l].channels))
            fail(Fault::bad_input, "layer '{}': {} peaks for {} channels", network.layers[l].name,
                 peak.size(), shapes[l].channels);
        for (const float p : peak)
            if (!(std::isfinite(p) && p >= 0))
                fail(Fault::bad_input,
                     "layer '{}': peak {} cannot be used; it must be finite and >= 0",
                     network.layers[l].name, p);
    }
    for (std::size_t l = 0; l < shapes.size(); ++l) {
        auto* activation = network.layers[l].as<Activation>();
        if (activation == nullptr) continue;
        const float largest = *std::max_element(peaks[l].begin(), peaks[l].end());
        std::vector<float> threshold = peaks[l];
        for (float& t : threshold)
            if (t == 0) t = largest > 0 ? largest : 1.0F;
        activation->neuron.threshold = activation->neuron.amplitude = std::move(threshold);
    }
}

namespace {

/// Per channel: value in the network as it was = scale * value in the normalized network.
using Scale = std::vector<float>;

Scale ones(const Shape& shape) {
    return Scale(static_cast<std::size_t>(shape.channels), 1.0F);
}

Scale widened(const std::vector<float>& values, const Shape& shape) {
    return values.size() == 1 ? Scale(static_cast<std::size_t>(shape.channels), values[0]) : values;
}

class Normalizer {
public:
    explicit Normalizer(Network& network) : network_(network) {}

    void run() {
        for (std::size_t l = 0; l < network_.layers.size(); ++l) {
            shapes_ = infer_shapes(network_);
            l += bring_inputs_to_scale(l);
            shapes_ = infer_shapes(network_);
            scales_.push_back(scale_of(l));
        }
    }

private:
    /// Inserts what layer `l` needs before it; returns how many layers that were.
    std::size_t bring_inputs_to_scale(std::size_t l) {
        const Layer& layer = network_.layers[l];
        Scale wanted;
        if (const auto* activation = layer.as<Activation>())
            wanted = widened(activation->neuron.threshold, shapes_[l]);
        if (layer.as<Output>() != nullptr) wanted = ones(shapes_[l]);
        if (layer.as<Add>() != nullptr) wanted = wanted_by_readers(l);
        if (wanted.empty()) return 0;
        std::size_t inserted = 0;
        for (const std::size_t source : std::vector<std::size_t>(layer.inputs)) {
            if (scales_[source] == wanted || !reads(l + inserted, source)) continue;
            Layer rescale{unused_name(network_, network_.layers[source].name + "_rescale"),
                          {},
                          rescaling(scales_[source], wanted)};
            (void)insert_between(network_, source, l + inserted, std::move(rescale));
            scales_.push_back(wanted);
            ++inserted;
        }
        return inserted;
    }

    /// False once an earlier insertion has already taken the place of a repeated input.
    [[nodiscard]] bool reads(std::size_t l, std::size_t source) const {
        const auto& inputs = network_.layers[l].inputs;
        return std::find(inputs.begin(), inputs.end(), source) != inputs.end();
    }

    static Convolution rescaling(const Scale& from, const Scale& to) {
        Convolution conv;
        conv.groups = static_cast<std::int64_t>(from.size());
        conv.weight = Tensor({conv.groups, 1, 1, 1});
        for (std::size_t c = 0; c < from.size(); ++c) conv.weight.values[c] = from[c] / to[c];
        return conv;
    }

    /// The scale in which layer `l`'s output is read: the threshold of the neurons behind it,
    /// looked for through pools and sums; 1 where readers differ or hold weights of their own.
    [[nodiscard]] Scale wanted_by_readers(std::size_t l) const {
        Scale wanted;
        const auto readers = consumers(network_);
        for (const std::size_t reader : readers[l]) {
            const Layer& layer = network_.layers[reader];
            Scale one = ones(shapes_[l]);
            if (const auto* activation = layer.as<Activation>())
                one = widened(activation->neuron.threshold, shapes_[l]);
            else if (layer.as<Add>() != nullptr || layer.as<AveragePool>() != nullptr ||
                     layer.as<GlobalAveragePool>() != nullptr)
                one = wanted_by_readers(reader);
            if (!wanted.empty() && wanted != one) return ones(shapes_[l]);
            wanted = one;
        }
        return wanted;
    }

    /// Binary weights stay so if all inputs of the layer have one scale.
    static void update_format(const Tensor& weight, WeightFormat& format) {
        const bool binary = format.kind == WeightKind::binary;
        format = {};
        if (binary) mark_binary(weight, format);
    }

    /// Rescales layer `l`'s weights, if it has any, and returns the scale of its output.
    Scale scale_of(std::size_t l) {
        Layer& layer = network_.layers[l];
        const Shape& shape = shapes_[l];
        if (l == 0) return ones(shape);
        const Scale& in = scales_[layer.inputs[0]];
        if (auto* conv = layer.as<Convolution>()) {
            Scale out = wanted_by_readers(l);
            rescale(conv->weight, conv->bias, in, out, conv->groups);
            update_format(conv->weight, conv->format);
            return out;
        }
        if (auto* linear = layer.as<Linear>()) {
            Scale out = wanted_by_readers(l);
            rescale(linear->weight, linear->bias, in, out, 1);
            update_format(linear->weight, linear->format);
            return out;
        }
        if (auto* embedding = layer.as<NodeEmbedding>()) {
            Scale out = wanted_by_readers(l);
            for (std::size_t i = 0; i < embedding->weight.size(); ++i)
                embedding->weight.values[i] *= in[0] / out[i % out.size()];
            return out;
        }
        if (auto* activation = layer.as<Activation>()) {
            Scale out = widened(activation->neuron.amplitude, shape);
            activation->neuron.threshold = activation->neuron.amplitude = {1.0F};
            return out;
        }
        return moved(layer, shape);
    }

    /// Of a layer that only moves values about.
    [[nodiscard]] Scale moved(const Layer& layer, const Shape& shape) const {
        const std::size_t first = layer.inputs[0];
        if (layer.as<Flatten>() != nullptr) {
            Scale out;
            for (const float s : scales_[first])
                out.insert(out.end(), static_cast<std::size_t>(shapes_[first].plane()), s);
            return out;
        }
        if (const auto* shortcut = layer.as<Shortcut>()) {
            Scale out = ones(shape);
            std::copy(scales_[first].begin(), scales_[first].end(),
                      out.begin() + shortcut->channels_before);
            return out;
        }
        if (layer.as<Concat>() == nullptr) return scales_[first];
        Scale out;
        for (const std::size_t source : layer.inputs)
            out.insert(out.end(), scales_[source].begin(), scales_[source].end());
        return out;
    }

    static void rescale(Tensor& weight, Tensor& bias, const Scale& in, const Scale& out,
                        std::int64_t groups) {
        const std::size_t n_out = out.size();
        const auto per_group_in = static_cast<std::size_t>(weight.dims[1]);
        const std::size_t per_group_out = n_out / static_cast<std::size_t>(groups);
        const std::size_t kernel = weight.size() / n_out / per_group_in;
        for (std::size_t o = 0; o < n_out; ++o)
            for (std::size_t i = 0; i < per_group_in; ++i)
                for (std::size_t k = 0; k < kernel; ++k)
                    weight.values[(o * per_group_in + i) * kernel + k] *=
                        in[o / per_group_out * per_group_in + i] / out[o];
        for (std::size_t o = 0; o < bias.size(); ++o) bias.values[o] /= out[o];
    }

    Network& network_;
    std::vector<Shape> shapes_;
    std::vector<Scale> scales_;  ///< of the layers done so far
};

}  // namespace

void normalize_weights(Network& network) {
    (void)infer_shapes(network);  // nothing below can fail
    Normalizer(network).run();
}

}  // namespace ranvier
