#include "ranvier/base/error.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/latency.hpp"
#include "ranvier/sim/reference_run.hpp"

#include <algorithm>

namespace ranvier {

namespace {

bool is_connection(const Layer& layer) {
    return has_synapses(layer) || layer.as<AveragePool>() != nullptr ||
           layer.as<GlobalAveragePool>() != nullptr || layer.as<MaxPool>() != nullptr;
}

/// Only changes the place of values, so it stands for what it reads.
bool is_wiring(const Layer& layer) {
    return layer.as<Concat>() != nullptr || layer.as<Flatten>() != nullptr ||
           layer.as<Shortcut>() != nullptr;
}

/// [n_layers]: is layer l, directly or through wiring and sums, read by a connection?
std::vector<bool> feeds_connection(const Network& network) {
    std::vector<bool> feeds(network.layers.size(), false);
    for (std::size_t l = network.layers.size(); l-- > 0;) {
        const Layer& layer = network.layers[l];
        const bool passes = (is_wiring(layer) || layer.as<Add>() != nullptr) && feeds[l];
        for (const std::size_t source : layer.inputs)
            if (is_connection(layer) || passes) feeds[source] = true;
    }
    return feeds;
}

const Neuron* neuron_of(const Layer& layer) {
    const auto* activation = layer.as<Activation>();
    return activation == nullptr ? nullptr : &activation->neuron;
}

std::vector<float> widened(const std::vector<float>& values, const Shape& shape) {
    return values.size() == 1
               ? std::vector<float>(static_cast<std::size_t>(shape.channels), values[0])
               : values;
}

void require_spikes_before_max_pools(const Network& network, const std::vector<bool>& spikes) {
    std::vector<bool> carries = spikes;
    carries[0] = false;  // pixels have a constant part too, and a binary code is no spike count
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
        const Layer& layer = network.layers[l];
        const bool all = std::all_of(layer.inputs.begin(), layer.inputs.end(),
                                     [&](std::size_t s) { return carries[s]; });
        if (is_wiring(layer)) carries[l] = all;
        if (layer.as<MaxPool>() != nullptr && !all)
            fail(Fault::unsupported,
                 "layer '{}' (max_pool): takes the maximum of values that are not spikes; put a "
                 "ReLU before it, or "
                 "convert with pool neurons if an average pool precedes it",
                 layer.name);
    }
}

}  // namespace

ReferencePlan::ReferencePlan(Network network_in)
    : network(std::move(network_in)), shapes(infer_shapes(network)) {
    if (!network.spiking())
        fail(Fault::unsupported,
             "the network is not a spiking one; convert it first (ranvier convert)");
    const std::size_t n = network.layers.size();
    synapses.resize(n);
    delayed.resize(n);
    spikes.resize(n);
    depth = neuron_depths(network);
    thresholds.resize(n);
    amplitudes.resize(n);
    bool rate_coded = false;
    const std::vector<bool> feeds = feeds_connection(network);
    for (std::size_t l = 0; l < n; ++l) {
        const Layer& layer = network.layers[l];
        const Neuron* neuron = neuron_of(layer);
        if (neuron != nullptr && !neuron->spiking())
            fail(Fault::unsupported,
                 "layer '{}' has no spiking neuron; convert the network first (ranvier convert)",
                 layer.name);
        if (neuron != nullptr)
            (neuron->kind == NeuronKind::one_spike ? phase_coded : rate_coded) = true;
        if (neuron != nullptr) {
            thresholds[l] = widened(neuron->threshold, shapes[l]);
            amplitudes[l] = widened(neuron->amplitude, shapes[l]);
        }
        const bool spiking_input = l == 0 && network.timing.input != InputCoding::direct;
        spikes[l] = neuron != nullptr || layer.as<MaxPool>() != nullptr || spiking_input;
        delayed[l] = network.timing.propagation == Propagation::delayed &&
                     (l == 0 || neuron != nullptr || (is_connection(layer) && feeds[l]));
        std::vector<Shape> in;
        for (const std::size_t source : layer.inputs) in.push_back(shapes[source]);
        if (neuron == nullptr && layer.as<Input>() == nullptr && layer.as<Output>() == nullptr &&
            layer.as<MaxPool>() == nullptr)
            synapses[l] = std::make_unique<Synapses>(layer, std::move(in), shapes[l]);
    }
    if (phase_coded && (rate_coded || network.timing.propagation == Propagation::delayed))
        fail(Fault::unsupported,
             "the network mixes one_spike neurons with rate coding or delayed propagation");
    if (phase_coded && !is_phase_code(network.timing.input))
        fail(Fault::unsupported,
             "one_spike neurons need binary_phase or one_spike_phase input, not direct");
    phase_coded = is_phase_code(network.timing.input);
    if (phase_coded && rate_coded)
        fail(Fault::unsupported, "phase-coded input needs one_spike neurons");
    require_spikes_before_max_pools(network, spikes);
    const Timing& timing = network.timing;
    const int deepest = *std::max_element(depth.begin(), depth.end());
    const std::int64_t last = std::int64_t{deepest} * timing.wait + timing.steps;
    if (phase_coded && last > 1 << 24)
        fail(Fault::unsupported, "{} layers that wait {} phases each take {} timesteps; wait less",
             deepest, timing.wait, last);
    n_steps = phase_coded ? static_cast<int>(last) + 1 : timing.steps;
}

}  // namespace ranvier
