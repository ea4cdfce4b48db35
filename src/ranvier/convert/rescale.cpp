#include "ranvier/convert/rescale.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/convert/place.hpp"
#include "ranvier/convert/simplify.hpp"
#include "ranvier/net/fan_out.hpp"
#include "ranvier/net/int8_weights.hpp"
#include "ranvier/sim/float_engine.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ranvier {

namespace {

/// The activations that no weights lie before: they see the input itself, in its own unit.
std::vector<std::size_t> input_activations(const Network& network) {
    std::vector<std::size_t> found;
    std::vector<bool> weighted(network.layers.size(), false);
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
        const Layer& layer = network.layers[l];
        weighted[l] = has_synapses(layer) ||
                      std::ranges::any_of(layer.inputs, [&](std::size_t i) { return weighted[i]; });
        if (!weighted[l] && layer.as<Activation>() != nullptr) found.push_back(l);
    }
    return found;
}

/// Makes the peak of what enters the unit of all others, so that nothing has to be scaled before
/// the first weights.
void divide_by_input_peak(const Network& network, std::vector<std::vector<float>>& peaks) {
    const std::vector<std::size_t> first = input_activations(network);
    if (first.empty()) return;
    float input_peak = 0;
    for (const std::size_t l : first)
        input_peak = std::max(input_peak, *std::max_element(peaks[l].begin(), peaks[l].end()));
    if (!(input_peak > 0))
        fail(Fault::bad_input,
             "layer '{}': its activations, which are the input's, are 0 at the wanted percentile; "
             "raise the percentile, or calibrate on more samples",
             network.layers[first[0]].name);
    for (std::vector<float>& layer : peaks)
        for (float& peak : layer) peak /= input_peak;
    for (const std::size_t l : first) peaks[l] = {1.0F};
}

}  // namespace

void scale_first_layer(Network& network, float factor) {
    if (!(std::isfinite(factor) && factor > 0))
        fail(Fault::usage, "the first layer's factor is {}; it must be finite and > 0", factor);
    if (factor == 1) return;
    const auto scale = [factor](Tensor& weight, WeightFormat& format) {
        for (float& w : weight.values) w *= factor;
        format = {};
    };
    for (Layer& layer : network.layers) {
        if (auto* conv = layer.as<Convolution>()) return scale(conv->weight, conv->format);
        if (auto* linear = layer.as<Linear>()) return scale(linear->weight, linear->format);
    }
    fail(Fault::bad_input, "the network has no convolution or linear layer to scale");
}

void normalize_activations(Network& network, const Samples& calibration,
                           const MeasureOptions& options, Progress& progress) {
    for (const Layer& layer : network.layers)
        if (const auto* activation = layer.as<Activation>();
            activation != nullptr && activation->neuron.kind != NeuronKind::relu)
            fail(Fault::unsupported,
                 "layer '{}': only ReLU networks can be rescaled without changing what they "
                 "compute; rescale before the activations are quantized",
                 layer.name);
    fold_batch_norm(network);
    auto peaks = measure_peaks(network, calibration, options, progress);
    divide_by_input_peak(network, peaks);
    place_thresholds(network, peaks);
    normalize_weights(network);
}

double activation_synops(const Network& network, const Samples& samples, int n_threads,
                         Progress& progress) {
    if (samples.size() == 0)
        fail(Fault::bad_input, "no samples to count synaptic operations on; name a data set");
    require_matching(network, samples);
    const std::vector<double> fan_outs = activation_fan_outs(network);
    std::vector<std::size_t> observed;
    for (std::size_t l = 0; l < fan_outs.size(); ++l)
        if (fan_outs[l] > 0) observed.push_back(l);
    double synops = 0;
    const auto record = [&](std::size_t l, std::span<const float> values, std::size_t) {
        synops += fan_outs[l] * std::accumulate(values.begin(), values.end(), 0.0);
    };
    constexpr std::size_t batch = 32;
    FloatEngine engine(network, n_threads);
    progress.start("count", "images", samples.size());
    for (std::size_t begin = 0; begin < samples.size(); begin += batch) {
        const std::size_t count = std::min(batch, samples.size() - begin);
        (void)engine.run(read_batch(samples, begin, count), observed, record);
        progress.advance(count);
    }
    progress.finish();
    return synops / static_cast<double>(samples.size());
}

void set_activations(Network& network, NeuronKind kind) {
    const auto plain = [](NeuronKind k) {
        return k == NeuronKind::relu || k == NeuronKind::quantized_relu;
    };
    if (!plain(kind)) fail(Fault::usage, "activations can be set to relu or quantized_relu");
    for (Layer& layer : network.layers) {
        auto* activation = layer.as<Activation>();
        if (activation == nullptr) continue;
        if (!plain(activation->neuron.kind))
            fail(Fault::unsupported, "layer '{}': only ReLU can be quantized and back", layer.name);
        activation->neuron.kind = kind;
    }
}

double null_weight_fraction(const Network& network) {
    constexpr float null = 1e-9F;
    std::size_t n_null = 0, n = 0;
    for (const Layer& layer : network.layers) {
        const auto weights = weights_of(layer);
        if (!weights) continue;
        for (const float w : weights->weight->values)
            if (std::abs(w) < null) ++n_null;
        n += weights->weight->size();
    }
    return n == 0 ? 0 : static_cast<double>(n_null) / static_cast<double>(n);
}

}  // namespace ranvier
