#pragma once

#include "ranvier/stdp/options.hpp"

#include <string>

namespace ranvier {

[[nodiscard]] inline const char* form_name(LeakyForm form) {
    return form == LeakyForm::conductance ? "conductance" : "current";
}

/// Calls visit(name, value) for every option but the form: model files and recipes have the same
/// names.
template <typename Options, typename Visit>
void visit_options(Options& o, const Visit& visit) {
    visit("neurons", o.n_neurons);
    visit("steps", o.steps);
    visit("step_ms", o.step_ms);
    const auto population = [&visit](const std::string& name, auto& c) {
        visit(name + "_rest_mv", c.rest);
        visit(name + "_reset_mv", c.reset);
        visit(name + "_threshold_mv", c.threshold);
        visit(name + "_tau_ms", c.tau);
        visit(name + "_refractory_ms", c.refractory);
        visit(name + "_e_exc_mv", c.e_exc);
        visit(name + "_e_inh_mv", c.e_inh);
        visit(name + "_tau_exc_ms", c.tau_exc);
        visit(name + "_tau_inh_ms", c.tau_inh);
    };
    population("excitatory", o.excitatory);
    population("inhibitory", o.inhibitory);
    visit("to_inhibitory", o.to_inhibitory);
    visit("from_inhibitory", o.from_inhibitory);
    visit("theta_plus_mv", o.theta_plus);
    visit("theta_tau_ms", o.theta_tau);
    visit("rate", o.law.rate);
    visit("offset", o.law.offset);
    visit("w_max", o.law.w_max);
    visit("mu", o.law.mu);
    visit("trace_tau_ms", o.trace_tau);
    visit("weight_sum", o.weight_sum);
    visit("first_weight", o.first_weight);
    visit("max_rate_hz", o.max_rate_hz);
    visit("boost_hz", o.boost_hz);
    visit("min_spikes", o.min_spikes);
    visit("max_shows", o.max_shows);
}

}  // namespace ranvier
