#include "ranvier/convert/tune.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/convert/code_fit.hpp"
#include "ranvier/convert/layer_values.hpp"
#include "ranvier/convert/weight_fit.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_engine.hpp"

#include <algorithm>
#include <numeric>

namespace ranvier {

namespace {

/// Bases that are tried for a layer, beside its own.
std::vector<double> candidate_bases() {
    std::vector<double> bases;
    for (double base = 1.1; base <= 2.0; base *= 1.04) bases.push_back(base);
    return bases;
}

/// The convolution or linear layer that alone feeds `layer`, or feeds the sum that does, and that
/// nobody else reads; n_layers if there is none.
std::size_t weighted_before(const Network& network, std::size_t layer) {
    const auto readers = consumers(network);
    std::vector<std::size_t> sources = network.layers[layer].inputs;
    while (!sources.empty()) {
        const std::size_t l = sources.back();
        sources.pop_back();
        if (readers[l].size() != 1) continue;
        const Layer& source = network.layers[l];
        if (source.as<Convolution>() != nullptr || source.as<Linear>() != nullptr) return l;
        if (source.as<Add>() != nullptr)
            sources.insert(sources.end(), source.inputs.begin(), source.inputs.end());
    }
    return network.layers.size();
}

/// Its bias; an absent one is made.
Tensor& bias_of(Layer& layer) {
    auto* conv = layer.as<Convolution>();
    Tensor& bias = conv != nullptr ? conv->bias : layer.as<Linear>()->bias;
    const Tensor& weight = conv != nullptr ? conv->weight : layer.as<Linear>()->weight;
    if (bias.empty()) bias = Tensor({weight.dims[0]});
    return bias;
}

double mean(const std::vector<float>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) /
           std::max<double>(1, static_cast<double>(values.size()));
}

/// Adds to each channel's bias what its membranes lack on average, and to `membrane` likewise.
void correct_bias(Tensor& bias, const LayerValues& wanted, LayerValues& membrane) {
    for (std::size_t c = 0; c < wanted.size(); ++c) {
        const auto lacking = static_cast<float>(mean(wanted[c]) - mean(membrane[c]));
        bias.values[c] += lacking;
        for (float& u : membrane[c]) u += lacking;
    }
}

float of_channel(const std::vector<float>& values, std::size_t channel) {
    return values.size() == 1 ? values[0] : values[channel];
}

struct LayerFit {
    double base = 0;
    double error = 0;
    std::vector<CodeFit> channels;
};

LayerFit fit_layer(const std::vector<CodeSamples>& samples, const Neuron& neuron, double base,
                   int steps, int n_threads) {
    LayerFit fit{base, 0, std::vector<CodeFit>(samples.size())};
    const UnitCode code(base, steps, neuron.threshold_shift);
    parallel_for(samples.size(), n_threads, [&](std::size_t c, std::size_t) {
        fit.channels[c] = samples[c].search(code, of_channel(neuron.threshold, c));
    });
    for (const CodeFit& channel : fit.channels) fit.error += channel.error;
    return fit;
}

void fit_code(Neuron& neuron, int steps, const LayerValues& wanted, const LayerValues& membrane,
              const TuneOptions& options) {
    std::vector<CodeSamples> samples;
    for (std::size_t c = 0; c < wanted.size(); ++c) {
        std::vector<float> activation = wanted[c];
        for (float& a : activation) a = std::max(0.0F, a);
        samples.emplace_back(membrane[c], activation);
    }
    LayerFit best = fit_layer(samples, neuron, neuron.base, steps, options.n_threads);
    if (options.tuning >= Tuning::base)
        for (const double base : candidate_bases()) {
            LayerFit fit = fit_layer(samples, neuron, base, steps, options.n_threads);
            if (fit.error < best.error) best = std::move(fit);
        }
    neuron.base = static_cast<float>(best.base);
    neuron.threshold.clear();
    neuron.amplitude.clear();
    for (const CodeFit& channel : best.channels) {
        neuron.threshold.push_back(channel.threshold);
        neuron.amplitude.push_back(channel.amplitude);
    }
}

void require_pair(const Network& reference, const Network& spiking) {
    if (!spiking.spiking() || !runs_densely(spiking))
        fail(Fault::unsupported,
             "tuning needs a one_spike network whose layers wait for all their input (W >= T)");
    bool same = reference.layers.size() == spiking.layers.size();
    for (std::size_t l = 0; same && l < reference.layers.size(); ++l)
        same = reference.layers[l].inputs == spiking.layers[l].inputs &&
               reference.layers[l].operation.index() == spiking.layers[l].operation.index();
    if (!same) fail(Fault::unsupported, "tuning needs the float network with the same layers");
}

}  // namespace

void tune_one_spike(const Network& reference, Network& spiking, const Samples& samples,
                    const TuneOptions& options, Progress& progress) {
    if (options.tuning == Tuning::none) return;
    require_pair(reference, spiking);
    // Activations and the output, and the layers whose values are their membranes.
    std::vector<std::size_t> tuned, sources;
    for (std::size_t l = 0; l < spiking.layers.size(); ++l)
        if (spiking.layers[l].as<Activation>() != nullptr ||
            spiking.layers[l].as<Output>() != nullptr) {
            tuned.push_back(l);
            sources.push_back(spiking.layers[l].inputs[0]);
        }
    std::vector<std::size_t> observed = sources;
    std::sort(observed.begin(), observed.end());
    observed.erase(std::unique(observed.begin(), observed.end()), observed.end());

    const LayerValuesOptions take{options.values_per_layer, options.batch, options.n_threads};
    progress.start("tune", "images", samples.size() * (tuned.size() + 1));
    const auto wanted = sample_layer_values(reference, observed, samples, take, progress);
    for (std::size_t k = 0; k < tuned.size(); ++k) {
        const auto place = std::lower_bound(observed.begin(), observed.end(), sources[k]);
        const LayerValues& target = wanted[static_cast<std::size_t>(place - observed.begin())];
        const std::size_t weighted = weighted_before(spiking, tuned[k]);
        const bool has_weights = weighted < spiking.layers.size();
        if (has_weights && options.tuning >= Tuning::weights)
            (void)correct_weights(spiking, weighted, sources[k], target, samples, take);
        const Network part = network_up_to(spiking, sources[k]);
        LayerValues membrane =
            sample_layer_values(part, {part.layers.size() - 3}, samples, take, progress)[0];
        if (has_weights) correct_bias(bias_of(spiking.layers[weighted]), target, membrane);
        auto* activation = spiking.layers[tuned[k]].as<Activation>();
        if (activation != nullptr && options.tuning >= Tuning::scale)
            fit_code(activation->neuron, spiking.timing.steps, target, membrane, options);
    }
    progress.finish();
}

}  // namespace ranvier
