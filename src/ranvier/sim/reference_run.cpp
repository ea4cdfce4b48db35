#include "ranvier/sim/reference_run.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/sim/neuron_step.hpp"
#include "ranvier/sim/spike_pool.hpp"

#include <algorithm>
#include <cmath>

namespace ranvier {

namespace {

/// N1 to N4 in one step.
int step_rate(const Neuron& neuron, float& u, float current, float threshold) {
    switch (neuron.kind) {
        case NeuronKind::integrate_fire:
            return step_integrate_fire(u, current, threshold, neuron.reset);
        case NeuronKind::leaky_delayed:
            return step_leaky_delayed(u, current, threshold, neuron.leak);
        case NeuronKind::leaky_same_step:
            return step_leaky_same_step(u, current, threshold, neuron.leak, neuron.reset);
        default:
            return step_multi_spike(u, current, threshold, neuron.lower_bound);
    }
}

/// @param image  [height][width][channels] in [0, 1].
std::vector<float> normalized(const Input& input, const std::vector<float>& image) {
    const auto channels = static_cast<std::size_t>(input.shape.channels);
    std::vector<float> values(image.size());
    for (std::size_t i = 0; i < image.size(); ++i) {
        const float mean = input.mean.empty() ? 0.0F : input.mean[i % channels];
        const float scale = input.std.empty() ? 1.0F : 1.0F / input.std[i % channels];
        values[i] = (image[i] - mean) * scale;
    }
    return values;
}

}  // namespace

ReferenceRun::ReferenceRun(const ReferencePlan& plan) : plan_(plan), states_(plan.shapes.size()) {
    for (std::size_t l = 0; l < states_.size(); ++l) {
        const auto size = static_cast<std::size_t>(plan.shapes[l].size());
        const Layer& layer = plan.network.layers[l];
        State& state = states_[l];
        state.now.values.resize(size);
        if (plan.delayed[l]) state.before.values.resize(size);
        if (layer.as<Activation>() != nullptr) state.membrane.resize(size);
        if (layer.as<MaxPool>() != nullptr)
            state.arrived.resize(static_cast<std::size_t>(plan.shapes[layer.inputs[0]].size()));
        if (plan.spikes[l]) {
            state.passed.resize(size);
            state.spikes.resize(size);
        }
    }
    image_.resize(static_cast<std::size_t>(plan.shapes[0].size()));
    logits_.resize(static_cast<std::size_t>(plan.shapes.back().size()));
    if (plan.phase_coded) encoder_.emplace(plan.network.timing);
}

void ReferenceRun::start(std::span<const float> image, const PoissonDraw& draw) {
    step_ = 0;
    draw_ = draw;
    std::fill(logits_.begin(), logits_.end(), 0.0F);
    for (State& state : states_) {
        state.now.silent = state.before.silent = true;
        state.now.changed = state.before.changed = false;
        std::fill(state.membrane.begin(), state.membrane.end(), 0.0F);
        std::fill(state.arrived.begin(), state.arrived.end(), 0U);
        std::fill(state.passed.begin(), state.passed.end(), 0U);
    }
    read_image(image);
    if (!plan_.phase_coded) return;
    codes_.resize(image_.size());
    for (std::size_t i = 0; i < image_.size(); ++i) codes_[i] = encoder_->encode(image_[i]);
}

void ReferenceRun::read_image(std::span<const float> image) {
    for_each_place(plan_.shapes[0],
                   [&](std::size_t to, std::size_t from) { image_[to] = image[from]; });
    new_image_ = true;
}

void ReferenceRun::present(std::span<const float> frame) {
    if (plan_.phase_coded)
        fail(Fault::unsupported,
             "a one_spike network takes one image for all its phases; start with another one");
    read_image(frame);
}

void ReferenceRun::step() {
    for (State& state : states_) state.sent.clear();
    for (std::size_t l = 0; l < states_.size(); ++l) step_layer(l);
    for (std::size_t l = 0; l < states_.size(); ++l) {
        State& state = states_[l];
        if (!plan_.delayed[l]) continue;
        if (state.now.changed) state.before.values = state.now.values;
        state.before.silent = state.now.silent;
        state.before.changed = state.now.changed;
    }
    ++step_;
}

void ReferenceRun::step_layer(std::size_t l) {
    const Layer& layer = plan_.network.layers[l];
    if (l == 0) {
        step_input(l);
    } else if (const auto* activation = layer.as<Activation>()) {
        if (plan_.phase_coded)
            step_one_spike(l, activation->neuron);
        else
            step_neuron(l, activation->neuron);
    } else if (const auto* pool = layer.as<MaxPool>()) {
        step_max_pool(l, *pool);
    } else if (layer.as<Output>() != nullptr) {
        const StepValues& in = read(layer.inputs[0]);
        if (in.silent) return;
        for_each_place(plan_.shapes[l],
                       [&](std::size_t from, std::size_t to) { logits_[to] += in.values[from]; });
    } else {
        step_synapses(l);
    }
}

const StepValues& ReferenceRun::read(std::size_t source) const {
    return plan_.delayed[source] ? states_[source].before : states_[source].now;
}

void ReferenceRun::emit(State& state, std::size_t i, float value, int n_spikes) {
    state.now.values[i] = value;
    state.now.silent = false;
    state.passed[i] += static_cast<std::uint32_t>(n_spikes);
    state.spikes[i] += static_cast<std::uint64_t>(n_spikes);
    state.sent.push_back({i, n_spikes});
}

std::uint64_t ReferenceRun::step_cost(const SpikeCosts& costs) const {
    std::uint64_t sum = 0;
    for (std::size_t l = 0; l < costs.size(); ++l)
        if (!costs[l].empty())
            for (const Sent& sent : states_[l].sent)
                sum += static_cast<std::uint64_t>(sent.n_spikes) *
                       costs[l][sent.neuron / static_cast<std::size_t>(plan_.shapes[l].channels)];
    return sum;
}

void ReferenceRun::step_input(std::size_t l) {
    const Input& input = plan_.network.input();
    State& state = states_[l];
    const auto channels = static_cast<std::size_t>(input.shape.channels);
    const auto scale = [&](std::size_t i) {
        return input.std.empty() ? 1.0F : 1.0F / input.std[i % channels];
    };
    const auto mean = [&](std::size_t i) {
        return input.mean.empty() ? 0.0F : input.mean[i % channels];
    };
    if (plan_.network.timing.input == InputCoding::poisson) {
        step_poisson_input(state);
        return;
    }
    state.now.changed = plan_.phase_coded || new_image_;
    if (!plan_.phase_coded) {  // direct: the same current at every step, until another frame
        if (!new_image_) return;
        new_image_ = false;
        state.now.silent = false;
        state.now.values = normalized(input, image_);
        return;
    }
    // Step 0 carries the constant part of the normalization, like a bias; then one phase a step.
    state.now.silent = true;
    if (step_ == 0 && !input.mean.empty()) {
        state.now.silent = false;
        for (std::size_t i = 0; i < image_.size(); ++i) state.now.values[i] = -mean(i) * scale(i);
        return;
    }
    if (step_ == 0 || step_ > plan_.network.timing.steps) return;
    std::fill(state.now.values.begin(), state.now.values.end(), 0.0F);
    const float worth = encoder_->worth(step_);
    for (std::size_t i = 0; i < codes_.size(); ++i)
        if (encoder_->fires(codes_[i], step_)) emit(state, i, worth * scale(i), 1);
}

void ReferenceRun::step_poisson_input(State& state) {
    const std::vector<float> pixels = to_planes(0, normalized(plan_.network.input(), image_));
    std::vector<float> spikes(pixels.size());
    draw_poisson({draw_.seed, draw_.sample, static_cast<std::uint32_t>(step_)},
                 plan_.network.timing.input_rate, pixels, spikes);
    state.now.silent = state.now.changed = true;
    std::fill(state.now.values.begin(), state.now.values.end(), 0.0F);
    for_each_place(plan_.shapes[0], [&](std::size_t to, std::size_t from) {
        if (spikes[from] != 0) emit(state, to, spikes[from], 1);
    });
}

void ReferenceRun::step_synapses(std::size_t l) {
    const Layer& layer = plan_.network.layers[l];
    State& state = states_[l];
    const Synapses& synapses = *plan_.synapses[l];
    const bool with_bias = synapses.has_bias() && (!plan_.phase_coded || step_ == 0);
    std::vector<const StepValues*> in;
    bool silent = !with_bias;
    bool changed = step_ == 0 || (plan_.phase_coded && step_ == 1);  // the bias stops
    for (const std::size_t source : layer.inputs) {
        in.push_back(&read(source));
        silent = silent && in.back()->silent;
        changed = changed || in.back()->changed;
    }
    state.now.changed = changed;
    if (!changed) return;  // nothing new arrived: the current of the last step still holds
    state.now.silent = silent;
    if (!silent) synapses.carry(in, with_bias, state.now.values);
}

void ReferenceRun::step_neuron(std::size_t l, const Neuron& neuron) {
    const StepValues& in = read(plan_.network.layers[l].inputs[0]);
    State& state = states_[l];
    const std::vector<float>& threshold = plan_.thresholds[l];
    const std::vector<float>& amplitude = plan_.amplitudes[l];
    std::fill(state.now.values.begin(), state.now.values.end(), 0.0F);
    state.now.silent = true;
    state.now.changed = true;
    for (std::size_t i = 0; i < state.membrane.size(); i += threshold.size())
        for (std::size_t c = 0; c < threshold.size(); ++c) {
            const float current = in.silent ? 0.0F : in.values[i + c];
            const int spikes = step_rate(neuron, state.membrane[i + c], current, threshold[c]);
            if (spikes > 0) emit(state, i + c, static_cast<float>(spikes) * amplitude[c], spikes);
        }
}

// Membranes hold natural units: a spike of phase k adds its worth base^-k, instead of the membrane
// being multiplied by the base at every phase. Both are the same but for rounding, and branches
// with different bases and delays then need no re-alignment.
void ReferenceRun::step_one_spike(std::size_t l, const Neuron& neuron) {
    const StepValues& in = read(plan_.network.layers[l].inputs[0]);
    State& state = states_[l];
    state.now.silent = true;
    state.now.changed = true;
    if (!in.silent)
        for (std::size_t i = 0; i < state.membrane.size(); ++i) state.membrane[i] += in.values[i];
    const int phase = step_ - plan_.depth[l] * plan_.network.timing.wait;
    if (phase < 1 || phase > plan_.network.timing.steps) return;
    std::fill(state.now.values.begin(), state.now.values.end(), 0.0F);
    const std::vector<float>& threshold = plan_.thresholds[l];
    const std::vector<float>& amplitude = plan_.amplitudes[l];
    const auto needed =
        static_cast<float>(one_spike_threshold(neuron.base, phase, neuron.threshold_shift));
    const float worth = one_spike_worth(neuron.base, phase);
    for (std::size_t i = 0; i < state.membrane.size(); i += threshold.size())
        for (std::size_t c = 0; c < threshold.size(); ++c)
            if (state.passed[i + c] == 0 && state.membrane[i + c] / threshold[c] >= needed)
                emit(state, i + c, worth * amplitude[c], 1);
}

void ReferenceRun::step_max_pool(std::size_t l, const MaxPool& pool) {
    const std::size_t source = plan_.network.layers[l].inputs[0];
    const StepValues& in = read(source);
    State& state = states_[l];
    state.now.silent = true;
    state.now.changed = true;
    if (in.silent) return;
    std::fill(state.now.values.begin(), state.now.values.end(), 0.0F);
    step_spike_pool(pool, plan_.shapes[source], plan_.shapes[l], in.values, state.arrived,
                    state.passed, [&](std::size_t o, float value) { emit(state, o, value, 1); });
}

std::vector<float> ReferenceRun::to_planes(std::size_t layer,
                                           const std::vector<float>& values) const {
    std::vector<float> planes(values.size());
    for_each_place(plan_.shapes[layer],
                   [&](std::size_t from, std::size_t to) { planes[to] = values[from]; });
    return planes;
}

std::vector<float> ReferenceRun::emitted(std::size_t layer) const {
    const StepValues& now = states_[layer].now;
    return now.silent ? std::vector<float>(now.values.size()) : to_planes(layer, now.values);
}

std::vector<float> ReferenceRun::membrane(std::size_t layer) const {
    return to_planes(layer, states_[layer].membrane);
}

std::vector<std::vector<std::uint64_t>> ReferenceRun::spike_counts() const {
    std::vector<std::vector<std::uint64_t>> counts(states_.size());
    for (std::size_t l = 0; l < states_.size(); ++l) {
        counts[l].resize(states_[l].spikes.size());
        if (plan_.spikes[l])
            for_each_place(plan_.shapes[l], [&](std::size_t from, std::size_t to) {
                counts[l][to] = states_[l].spikes[from];
            });
    }
    return counts;
}

}  // namespace ranvier
