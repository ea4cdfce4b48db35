#include "ranvier/engine/fast_plan.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/engine/conv_currents.hpp"
#include "ranvier/engine/neuron_population.hpp"
#include "ranvier/engine/pool_currents.hpp"
#include "ranvier/engine/wiring_population.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/neuron_step.hpp"
#include "ranvier/sim/phase_input.hpp"
#include "ranvier/sim/synapses.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace ranvier {

namespace {

bool is_wiring(const Layer& layer) {
    return layer.as<Concat>() != nullptr || layer.as<Flatten>() != nullptr ||
           layer.as<Shortcut>() != nullptr;
}

bool is_average(const Layer& layer) {
    return layer.as<AveragePool>() != nullptr || layer.as<GlobalAveragePool>() != nullptr;
}

/// Every input lies in at most one window.
bool windows_apart(const Layer& layer) {
    const auto* pool = layer.as<AveragePool>();
    return pool == nullptr || (pool->window.stride_h >= pool->window.kernel_h &&
                               pool->window.stride_w >= pool->window.kernel_w);
}

Network runnable(const Network& network) {
    for (const Layer& layer : network.layers) {
        if (adjacency_of(layer) != nullptr)
            fail(Fault::unsupported,
                 "layer '{}': the fast engine runs no graph networks; use the reference or the "
                 "phase engine",
                 layer.name);
    }
    return network;
}

}  // namespace

FastPlan::FastPlan(const Network& net)
    : reference_(runnable(net)), costs_(machine_costs()), readers_(consumers(network())) {
    const std::size_t n = network().layers.size();
    for (std::size_t l = 0; l < n; ++l)
        if (reference_.shapes[l].channels > 1 << 16)
            fail(Fault::unsupported,
                 "layer '{}' has {} channels; the fast engine takes at most 65536; use the "
                 "reference engine",
                 network().layers[l].name, reference_.shapes[l].channels);
    signal_of_.assign(n, -1);
    constant_.assign(n, false);
    first_.assign(n, 0);
    last_.assign(n, 0);
    resting_.resize(n);
    if (phase_coded()) {
        find_windows();
        find_resting();
    }
    for (std::size_t l = 0; l < n; ++l) {
        const Layer& layer = network().layers[l];
        const bool neuron = layer.as<Activation>() != nullptr;
        constant_[l] = network().timing.input == InputCoding::direct && !reference_.delayed[l] &&
                       !neuron && layer.as<MaxPool>() == nullptr && layer.as<Output>() == nullptr &&
                       std::all_of(layer.inputs.begin(), layer.inputs.end(),
                                   [&](std::size_t s) { return constant_[s]; });
        if (is_kept(l)) add_signal(l);
        if (l > 0 && (is_kept(l) || layer.as<Output>() != nullptr)) add_population(l);
    }
}

/// Layers whose output is stored; all others are computed where they are read.
bool FastPlan::is_kept(std::size_t l) const {
    const Layer& layer = network().layers[l];
    if (layer.as<Output>() != nullptr) return false;
    if (l == 0 || layer.as<Activation>() != nullptr || layer.as<MaxPool>() != nullptr ||
        is_wiring(layer) || constant_[l] || reference_.delayed[l] || readers_[l].size() != 1)
        return true;
    const Layer& reader = network().layers[readers_[l][0]];
    const bool computes_in_place = reader.as<Activation>() != nullptr ||
                                   reader.as<Output>() != nullptr || reader.as<Add>() != nullptr ||
                                   (is_average(reader) && windows_apart(reader));
    return !computes_in_place;
}

void FastPlan::find_windows() {
    const Timing& timing = network().timing;
    for (std::size_t l = 0; l < network().layers.size(); ++l) {
        const Layer& layer = network().layers[l];
        if (l == 0 || layer.as<Activation>() != nullptr) {
            first_[l] = reference_.depth[l] * timing.wait + 1;
            last_[l] = first_[l] + timing.steps - 1;
            continue;
        }
        first_[l] = first_[layer.inputs[0]];
        for (const std::size_t source : layer.inputs) {
            first_[l] = std::min(first_[l], first_[source]);
            last_[l] = std::max(last_[l], last_[source]);
        }
    }
}

/// What biases and the constant part of the input leave behind does not depend on the image.
void FastPlan::find_resting() {
    ReferenceRun run(reference_);
    run.start(std::vector<float>(static_cast<std::size_t>(reference_.shapes[0].size())));
    run.step();
    for (std::size_t l = 0; l < network().layers.size(); ++l) {
        const Layer& layer = network().layers[l];
        if (layer.as<Output>() != nullptr) resting_[l] = run.logits();
        if (layer.as<Activation>() == nullptr) continue;
        const std::vector<float> planes = run.membrane(l);
        resting_[l].resize(planes.size());
        for_each_place(reference_.shapes[l],
                       [&](std::size_t to, std::size_t from) { resting_[l][to] = planes[from]; });
    }
}

void FastPlan::set_worth(std::size_t l, SignalPlan& plan) const {
    const Layer& layer = network().layers[l];
    const std::size_t channels = plan.channels();
    const auto n_steps = static_cast<std::size_t>(plan.n_steps);
    const auto worth = [&](std::size_t i, std::size_t c) -> float& {
        return plan.worth[i * channels + c];
    };
    plan.worth.assign(n_steps * channels, 0.0F);
    if (l == 0) {
        const PixelEncoder encoder(network().timing);
        const Input& input = network().input();
        for (std::size_t i = 0; i < n_steps; ++i)
            for (std::size_t c = 0; c < channels; ++c)
                worth(i, c) = encoder.worth(static_cast<int>(i) + 1) *
                              (input.std.empty() ? 1.0F : 1.0F / input.std[c]);
    } else if (const auto* activation = layer.as<Activation>()) {
        for (std::size_t i = 0; i < n_steps; ++i)
            for (std::size_t c = 0; c < channels; ++c)
                worth(i, c) = one_spike_worth(activation->neuron.base, static_cast<int>(i) + 1) *
                              reference_.amplitudes[l][c];
    } else {
        std::size_t first_channel = 0;
        if (const auto* shortcut = layer.as<Shortcut>())
            first_channel = static_cast<std::size_t>(shortcut->channels_before);
        for (const std::size_t source : layer.inputs) {
            const SignalPlan& from = *signals_[static_cast<std::size_t>(signal_of_[source])];
            const std::size_t repeat =
                layer.as<Flatten>() != nullptr ? from.places() : 1;  // channel-major
            for (std::size_t i = 0; i < n_steps; ++i) {
                const int k = index_of(from, plan.first + static_cast<int>(i));
                if (k < 0) continue;
                for (std::size_t c = 0; c < from.channels() * repeat; ++c)
                    worth(i, first_channel + c) =
                        from.worth[static_cast<std::size_t>(k) * from.channels() + c / repeat];
            }
            first_channel += from.channels();
        }
    }
}

void FastPlan::add_signal(std::size_t l) {
    const Layer& layer = network().layers[l];
    auto plan = std::make_unique<SignalPlan>();
    plan->shape = reference_.shapes[l];
    plan->delayed = reference_.delayed[l];
    plan->constant = constant_[l];
    const auto* activation = layer.as<Activation>();
    plan->spikes = activation != nullptr
                       ? activation->neuron.kind != NeuronKind::multi_spike
                       : layer.as<MaxPool>() != nullptr || (l == 0 && phase_coded());
    if (is_wiring(layer))
        plan->spikes = std::all_of(layer.inputs.begin(), layer.inputs.end(), [&](std::size_t s) {
            return signals_[static_cast<std::size_t>(signal_of_[s])]->spikes;
        });
    if (layer.as<MaxPool>() != nullptr &&
        !signals_[static_cast<std::size_t>(signal_of_[layer.inputs[0]])]->spikes)
        fail(Fault::unsupported,
             "layer '{}': the fast engine has no max pool of neurons that spike several times in a "
             "step; use the reference engine",
             layer.name);
    if (phase_coded()) {
        plan->first = first_[l];
        plan->n_steps = last_[l] - first_[l] + 1;
    }
    if (plan->spikes && phase_coded()) {
        set_worth(l, *plan);
    } else if (activation != nullptr) {
        plan->amplitude = reference_.amplitudes[l];
    } else if (l == 0 && reference_.spikes[0]) {  // Poisson: values, since they have a sign
        plan->amplitude.assign(plan->channels(), 1.0F);
    } else if (plan->spikes) {
        // Pools and wiring pass the amplitudes of what they read.
        const auto* shortcut = layer.as<Shortcut>();
        plan->amplitude.assign(
            shortcut != nullptr ? static_cast<std::size_t>(shortcut->channels_before) : 0, 0.0F);
        for (const std::size_t source : layer.inputs) {
            const SignalPlan& from = *signals_[static_cast<std::size_t>(signal_of_[source])];
            const std::size_t repeat = layer.as<Flatten>() != nullptr ? from.places() : 1;
            for (const float a : from.amplitude)
                plan->amplitude.insert(plan->amplitude.end(), repeat, a);
        }
        plan->amplitude.resize(plan->channels(), 0.0F);
    }
    signal_of_[l] = static_cast<int>(signals_.size());
    signals_.push_back(std::move(plan));
    lists_events_.push_back(false);
}

std::unique_ptr<Currents> FastPlan::currents_into(std::size_t l) {
    return currents_of(network().layers[l].inputs[0], 512);
}

/// What layer l passes on, kept or computed where it is read. Terms of sums are all of the same
/// width, 64 channels at most.
std::unique_ptr<Currents> FastPlan::currents_of(std::size_t l, std::size_t widest) {
    const Layer& layer = network().layers[l];
    if (signal_of_[l] >= 0) {
        const auto signal = static_cast<std::size_t>(signal_of_[l]);
        return make_direct_currents(signal, *signals_[signal]);
    }
    if (layer.as<Add>() != nullptr) {
        std::vector<std::unique_ptr<Currents>> terms;
        for (const std::size_t source : layer.inputs) terms.push_back(currents_of(source));
        return make_sum(std::move(terms));
    }
    const std::size_t source = layer.inputs[0];
    const Shape& in = reference_.shapes[source];
    const Shape& out = reference_.shapes[l];
    if (is_average(layer)) {
        const auto* global = layer.as<GlobalAveragePool>();
        const AveragePool pool =
            global != nullptr ? as_average_pool(*global, in) : *layer.as<AveragePool>();
        return make_pool({{pool.window, in, out}, pool_factors(pool, in, out)},
                         currents_of(source));
    }
    const auto signal = static_cast<std::size_t>(signal_of_[source]);
    return make_conv_currents(layer, in, out, signal, *signals_[signal], !phase_coded(), widest,
                              costs_);
}

std::unique_ptr<Population> FastPlan::make_population(std::size_t l) {
    const Layer& layer = network().layers[l];
    const Timing& timing = network().timing;
    const std::size_t source = layer.inputs[0];
    if (layer.as<Output>() != nullptr)
        return make_output(reference_.shapes[l], phase_coded() ? first_[source] : 0,
                           phase_coded() ? last_[source] - first_[source] + 1 : 0, resting_[l],
                           currents_into(l));
    const auto out = static_cast<std::size_t>(signal_of_[l]);
    const SignalPlan& plan = *signals_[out];
    if (const auto* activation = layer.as<Activation>()) {
        NeuronSettings settings{.neuron = activation->neuron,
                                .thresholds = reference_.thresholds[l],
                                .amplitudes = reference_.amplitudes[l],
                                .resting = resting_[l]};
        if (phase_coded()) {
            settings.wait_until = reference_.depth[l] * timing.wait;
            settings.n_phases = timing.steps;
            settings.first_step = std::min(first_[source], settings.wait_until + 1);
        }
        return make_neurons(std::move(settings), plan, out, currents_into(l));
    }
    if (const auto* pool = layer.as<MaxPool>()) {
        const auto from = static_cast<std::size_t>(signal_of_[source]);
        return make_spike_pool(plan, out,
                               {pool->window, reference_.shapes[source], reference_.shapes[l]},
                               pool->rule, *signals_[from], from);
    }
    if (!is_wiring(layer)) {
        signal_of_[l] = -1;  // compute it, do not read it
        auto currents = currents_of(l, 512);
        signal_of_[l] = static_cast<int>(out);
        return make_values(plan, out, std::move(currents));
    }
    std::vector<WiringSource> sources;
    std::size_t first_channel = 0;
    const auto* shortcut = layer.as<Shortcut>();
    if (shortcut != nullptr) first_channel = static_cast<std::size_t>(shortcut->channels_before);
    for (const std::size_t s : layer.inputs) {
        sources.push_back({static_cast<std::size_t>(signal_of_[s]), reference_.shapes[s],
                           first_channel, shortcut != nullptr ? shortcut->stride : 1,
                           layer.as<Flatten>() != nullptr});
        first_channel += static_cast<std::size_t>(reference_.shapes[s].channels);
    }
    return make_wiring(plan, out, std::move(sources));
}

void FastPlan::add_population(std::size_t l) {
    populations_.push_back(make_population(l));
    layer_.push_back(l);
    const Layer& layer = network().layers[l];
    std::vector<std::size_t> read;
    if (is_wiring(layer) || layer.as<MaxPool>() != nullptr) {
        for (const std::size_t s : layer.inputs)
            read.push_back(static_cast<std::size_t>(signal_of_[s]));
    } else {
        populations_.back()->add_sources(read);
    }
    for (const std::size_t s : read) lists_events_[s] = true;
}

std::vector<PlanLine> FastPlan::lines() const {
    std::vector<PlanLine> lines;
    for (std::size_t p = 0; p < populations_.size(); ++p) {
        const Layer& layer = network().layers[layer_[p]];
        const char* does = "values";
        if (layer.as<Activation>() != nullptr) does = "neurons";
        if (layer.as<MaxPool>() != nullptr) does = "max pool";
        if (layer.as<Output>() != nullptr) does = "output";
        if (is_wiring(layer)) does = "wiring";
        if (constant_[layer_[p]]) does = "constant values";
        lines.push_back({layer.name, does, populations_[p]->describe()});
    }
    return lines;
}

std::size_t FastPlan::bytes_per_sample(std::size_t chunk) const {
    std::size_t bytes = 0;
    for (const auto& plan : signals_) bytes += Signal(*plan, 1, static_cast<int>(chunk)).bytes();
    for (const auto& population : populations_) {
        PopulationState state;
        population->allocate(state, 1, chunk);
        bytes += state.membrane.size() * sizeof(float) +
                 (state.arrived.size() + state.passed.size()) * sizeof(std::uint32_t) +
                 (state.sums.size() + state.trace.size()) * sizeof(float);
    }
    return bytes;
}

std::string why_not_fast(const Network& network) {
    try {
        const FastPlan plan(network);
        return {};
    } catch (const Error& error) {
        if (error.fault() != Fault::unsupported) throw;
        return error.what();
    }
}

}  // namespace ranvier
