#include "ranvier/stdp/reference.hpp"

#include <algorithm>
#include <cmath>

namespace ranvier {

StdpReference::StdpReference(const StdpOptions& options, std::size_t n_inputs)
    : weights(n_inputs, std::vector<float>(static_cast<std::size_t>(options.n_neurons))),
      alive(n_inputs, std::vector<bool>(static_cast<std::size_t>(options.n_neurons), true)),
      theta(static_cast<std::size_t>(options.n_neurons)),
      options_(options),
      n_inputs_(n_inputs),
      n_neurons_(static_cast<std::size_t>(options.n_neurons)) {}

bool StdpReference::step(Cell& cell, const LeakyConstants& constants, float theta_now) const {
    const LeakyRule rule = leaky_rule(constants, options_.form, options_.step_ms);
    const float ge = cell.exc * rule.mean_exc;
    const float gi = cell.inh * rule.mean_inh;
    cell.exc *= rule.decay_exc;
    cell.inh *= rule.decay_inh;
    if (cell.wait > 0) {
        --cell.wait;
        cell.membrane = constants.reset;
        return false;
    }
    if (options_.form == LeakyForm::current) {
        cell.membrane = constants.rest + (cell.membrane - constants.rest) * rule.keep + (ge - gi);
    } else {
        const float pull = constants.rest + ge * constants.e_exc + gi * constants.e_inh;
        cell.membrane =
            (cell.membrane + rule.share * pull) / (1.0F + rule.share * (1.0F + ge + gi));
    }
    if (!(cell.membrane > constants.threshold + theta_now)) return false;
    cell.membrane = constants.reset;
    cell.wait = static_cast<int>(rule.refractory);
    return true;
}

void StdpReference::show(const InputSpikes& input, bool learn) {
    std::vector<Cell> exc(n_neurons_), inh(n_neurons_);
    for (Cell& cell : exc) cell.membrane = options_.excitatory.rest;
    for (Cell& cell : inh) cell.membrane = options_.inhibitory.rest;
    std::vector<float> theta_now = theta;
    std::vector<bool> changed(n_neurons_);
    trace_.assign(n_inputs_, 0);
    spikes.assign(n_neurons_, 0);
    const float fades = std::exp(-options_.step_ms / options_.trace_tau);
    for (std::size_t t = 0; t < input.n_steps(); ++t) {
        for (float& trace : trace_) trace *= fades;
        for (const std::uint16_t i : input.at(t)) {
            trace_[i] = 1;
            for (std::size_t j = 0; j < n_neurons_; ++j) {
                exc[j].exc += weights[i][j];
                synaptic_events += alive[i][j] ? 1 : 0;
            }
        }
        for (std::size_t j = 0; j < n_neurons_; ++j) {
            if (!step(exc[j], options_.excitatory, theta_now[j])) continue;
            ++spikes[j];
            inh[j].exc += options_.to_inhibitory;
            if (!learn) continue;
            theta_now[j] += options_.theta_plus;
            learn_synapses(j);
            changed[j] = true;
        }
        std::vector<std::size_t> fired;
        for (std::size_t j = 0; j < n_neurons_; ++j)
            if (step(inh[j], options_.inhibitory, 0)) fired.push_back(j);
        inhibitory_spikes += fired.size();
        if (fired.empty()) continue;
        for (std::size_t j = 0; j < n_neurons_; ++j) {
            const std::size_t own = std::ranges::count(fired, j) > 0 ? 1 : 0;
            exc[j].inh += options_.from_inhibitory * static_cast<float>(fired.size() - own);
        }
    }
    if (!learn) return;
    const double shown_ms =
        static_cast<double>(options_.step_ms) * static_cast<double>(input.n_steps());
    const auto forgotten = static_cast<float>(std::exp(-shown_ms / options_.theta_tau));
    for (std::size_t j = 0; j < n_neurons_; ++j) {
        theta[j] = theta_now[j] * forgotten;
        if (changed[j]) normalize(j);
    }
}

void StdpReference::learn_synapses(std::size_t neuron) {
    const PowerLaw& law = options_.law;
    for (std::size_t i = 0; i < n_inputs_; ++i) {
        if (!alive[i][neuron]) continue;
        float& w = weights[i][neuron];
        const float step = law.rate * (trace_[i] - law.offset);
        w = std::clamp(w + step * power_of(law.w_max - w, law.mu), 0.0F, law.w_max);
    }
}

void StdpReference::normalize(std::size_t neuron) {
    double sum = 0;
    for (const auto& row : weights) sum += row[neuron];
    if (!(sum > 0)) return;
    const auto factor = static_cast<float>(options_.weight_sum / sum);
    for (auto& row : weights) row[neuron] = std::min(row[neuron] * factor, options_.law.w_max);
}

}  // namespace ranvier
