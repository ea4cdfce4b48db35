#include "ranvier/stdp/runner.hpp"

#include "ranvier/kernels/rows.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace ranvier {

namespace {

template <typename Work>
void for_each_bit(const std::vector<std::uint64_t>& bits, const Work& work) {
    for (std::size_t w = 0; w < bits.size(); ++w)
        for (std::uint64_t word = bits[w]; word != 0; word &= word - 1)
            work(64 * w + static_cast<std::size_t>(std::countr_zero(word)));
}

}  // namespace

std::vector<float> fading(const StdpOptions& options) {
    const float factor = std::exp(-options.step_ms / options.trace_tau);
    std::vector<float> faded(static_cast<std::size_t>(options.steps) + 1, 1.0F);
    for (std::size_t t = 1; t < faded.size(); ++t) faded[t] = faded[t - 1] * factor;
    return faded;
}

StdpRunner::Neurons::Neurons(std::size_t n_padded)
    : membrane(n_padded), wait(n_padded), exc(n_padded), inh(n_padded), bits(n_padded / 64) {}

void StdpRunner::Neurons::reset(float rest) {
    std::fill(membrane.begin(), membrane.end(), rest);
    for (auto* values : {&wait, &exc, &inh}) std::fill(values->begin(), values->end(), 0.0F);
}

LeakyNeurons StdpRunner::Neurons::view(const float* theta) {
    return {membrane.size(), membrane.data(), wait.data(), exc.data(), inh.data(), theta};
}

StdpRunner::StdpRunner(const StdpModel& model)
    : n_neurons_(model.n_neurons()),
      n_padded_(model.weights.n_tiles() * SynapseTiles::width),
      exc_rule_(leaky_rule(model.options.excitatory, model.options.form, model.options.step_ms)),
      inh_rule_(leaky_rule(model.options.inhibitory, model.options.form, model.options.step_ms)),
      to_inhibitory_(model.options.to_inhibitory),
      exc_(n_padded_),
      inh_(n_padded_),
      theta_(n_padded_, std::numeric_limits<float>::infinity()),
      no_theta_(n_padded_, 0.0F),
      conducting_(model.conducting()),
      last_spike_(model.n_inputs()),
      faded_(fading(model.options)),
      column_(model.n_inputs()),
      trace_(model.n_inputs()),
      changed_(n_neurons_) {
    response_.spikes.resize(n_neurons_);
}

const StdpResponse& StdpRunner::respond(const StdpModel& model, std::span<const float> pixels,
                                        Showing showing) {
    return present(model, nullptr, false, pixels, showing);
}

const StdpResponse& StdpRunner::learn(StdpModel& model, std::span<const float> pixels,
                                      Showing showing) {
    return present(model, &model, true, pixels, showing);
}

const StdpResponse& StdpRunner::settle(StdpModel& model, std::span<const float> pixels,
                                       Showing showing) {
    return present(model, &model, false, pixels, showing);
}

const StdpResponse& StdpRunner::present(const StdpModel& model, StdpModel* learning,
                                        bool weights_learn, std::span<const float> pixels,
                                        Showing showing) {
    const StdpOptions& options = model.options;
    response_.input_spikes = response_.synaptic_events = response_.conducting_events = 0;
    response_.excitatory_spikes = response_.inhibitory_spikes = 0;
    for (response_.shows = 0;;) {
        const float rate_hz =
            options.max_rate_hz + options.boost_hz * static_cast<float>(response_.shows);
        showing.attempt = response_.shows;
        encoder_.encode(pixels, rate_hz * options.step_ms / 1000,
                        static_cast<std::size_t>(options.steps), showing, spikes_);
        const std::uint64_t before = response_.excitatory_spikes;
        show(model, learning, spikes_, weights_learn);
        ++response_.shows;
        const std::uint64_t answered = response_.excitatory_spikes - before;
        if (answered >= static_cast<std::uint64_t>(options.min_spikes) ||
            response_.shows >= static_cast<std::uint32_t>(options.max_shows))
            return response_;
    }
}

void StdpRunner::show(const StdpModel& model, StdpModel* learning, const InputSpikes& spikes,
                      bool weights_learn) {
    begin_showing(model);
    const std::size_t steps = spikes.n_steps();
    for (std::uint32_t t = 0; t < steps; ++t) {
        add_input(model, spikes, t);
        const std::size_t n_fired =
            leaky_step(exc_rule_, exc_.view(theta_.data()), exc_.bits.data());
        if (n_fired > 0) fire(learning, weights_learn, t);
        response_.excitatory_spikes += n_fired;
        const std::size_t n_inhibit =
            leaky_step(inh_rule_, inh_.view(no_theta_.data()), inh_.bits.data());
        if (n_inhibit > 0) inhibit(model.options.from_inhibitory, n_inhibit);
        response_.inhibitory_spikes += n_inhibit;
    }
    for (std::size_t e = 0; e < spikes.size(); ++e)
        response_.synaptic_events += model.fan_out[spikes.inputs[e]];
    response_.input_spikes += spikes.size();
    if (learning == nullptr) {
        for (std::size_t e = 0; e < spikes.size(); ++e)
            response_.conducting_events += conducting_[spikes.inputs[e]];
        return;
    }
    const double shown_ms = static_cast<double>(model.options.step_ms) * static_cast<double>(steps);
    const auto forgotten = static_cast<float>(std::exp(-shown_ms / model.options.theta_tau));
    for (std::size_t j = 0; j < n_neurons_; ++j) learning->theta[j] = theta_[j] * forgotten;
    normalize_changed(*learning);
}

void StdpRunner::begin_showing(const StdpModel& model) {
    exc_.reset(exc_rule_.rest);
    inh_.reset(inh_rule_.rest);
    std::copy(model.theta.begin(), model.theta.end(), theta_.begin());
    std::fill(last_spike_.begin(), last_spike_.end(), -1);
    std::fill(response_.spikes.begin(), response_.spikes.end(), 0U);
}

void StdpRunner::add_input(const StdpModel& model, const InputSpikes& spikes, std::uint32_t step) {
    const auto inputs = spikes.at(step);
    if (inputs.empty()) return;
    const RowLists list{spikes.inputs.data(),    nullptr, &spikes.begin[step],
                        &spikes.begin[step + 1], 1,       1};
    for (std::size_t t = 0; t < model.weights.n_tiles(); ++t)
        add_rows(model.weights.tile(t), SynapseTiles::width, list, nullptr,
                 exc_.exc.data() + t * SynapseTiles::width);
    for (const std::uint16_t i : inputs) last_spike_[i] = static_cast<std::int32_t>(step);
}

void StdpRunner::fire(StdpModel* learning, bool weights_learn, std::uint32_t step) {
    if (learning != nullptr && weights_learn) trace_inputs(step);
    for_each_bit(exc_.bits, [&](std::size_t j) {
        ++response_.spikes[j];
        inh_.exc[j] += to_inhibitory_;
        if (learning == nullptr) return;
        theta_[j] += learning->options.theta_plus;
        if (weights_learn) learn_neuron(*learning, j);
    });
}

void StdpRunner::trace_inputs(std::uint32_t step) {
    for (std::size_t i = 0; i < last_spike_.size(); ++i)
        trace_[i] =
            last_spike_[i] < 0 ? 0.0F : faded_[step - static_cast<std::uint32_t>(last_spike_[i])];
}

void StdpRunner::learn_neuron(StdpModel& model, std::size_t neuron) {
    model.weights.read_neuron(neuron, column_);
    power_law_update(model.options.law, trace_.data(), model.alive.neuron(neuron), column_.size(),
                     column_.data());
    model.weights.write_neuron(neuron, column_);
    changed_[neuron] = true;
    ++model.updates[neuron];
}

void StdpRunner::inhibit(float weight, std::size_t n_fired) {
    const float from_all = weight * static_cast<float>(n_fired);
    const float from_others = weight * static_cast<float>(n_fired - 1);
    for (std::size_t w = 0; w < inh_.bits.size(); ++w)
        for (std::size_t j = 64 * w; j < 64 * w + 64; ++j)
            exc_.inh[j] += (inh_.bits[w] >> j % 64 & 1U) != 0 ? from_others : from_all;
}

void StdpRunner::normalize_changed(StdpModel& model) {
    for (std::size_t j = 0; j < n_neurons_; ++j) {
        if (!changed_[j]) continue;
        model.weights.read_neuron(j, column_);
        normalize_sum(model.options, column_);
        model.weights.write_neuron(j, column_);
        changed_[j] = false;
    }
}

}  // namespace ranvier
