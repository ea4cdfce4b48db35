#include "ranvier/stdp/options.hpp"

#include "ranvier/base/error.hpp"

#include <cmath>

namespace ranvier {

namespace {

/// How a quantity that decays with `tau` goes through a step; both factors.
struct Decay {
    float factor = 0;  ///< end of the step relative to its beginning
    float mean = 1;    ///< mean over the step relative to its beginning
};

Decay decay(float tau, float step_ms) {
    if (tau <= 0) return {};
    const double steps = static_cast<double>(step_ms) / tau;
    return {static_cast<float>(std::exp(-steps)), static_cast<float>(-std::expm1(-steps) / steps)};
}

void require(bool usable, const char* name, double value, const char* allowed) {
    if (!usable) fail(Fault::bad_input, "stdp: {} is {}; it must be {}", name, value, allowed);
}

void require_between(const char* name, double value, double low, double high) {
    if (!(value >= low && value <= high))
        fail(Fault::bad_input, "stdp: {} is {}; it must be in [{}, {}]", name, value, low, high);
}

void require_usable(const LeakyConstants& constants) {
    for (const float v : {constants.rest, constants.reset, constants.e_exc, constants.e_inh})
        require_between("a resting, reset or reversal potential", v, -1e4, 1e4);
    require_between("a threshold", constants.threshold, -1e4, 1e4);
    require(constants.threshold > constants.reset && constants.threshold > constants.rest,
            "a threshold", constants.threshold, "above the resting and the reset potential (mV)");
    require_between("a membrane time constant (ms)", constants.tau, 1e-3, 1e9);
    require_between("a refractory time (ms)", constants.refractory, 0, 1e6);
    require_between("tau_exc (ms)", constants.tau_exc, 0, 1e6);
    require_between("tau_inh (ms)", constants.tau_inh, 0, 1e6);
}

}  // namespace

StdpOptions conductance_options() {
    StdpOptions options;
    options.inhibitory = {.rest = -60,
                          .reset = -45,
                          .threshold = -40,
                          .tau = 10,
                          .refractory = 2,
                          .e_exc = 0,
                          .e_inh = -85,
                          .tau_exc = 1,
                          .tau_inh = 2};
    return options;
}

StdpOptions current_options() {
    StdpOptions options = conductance_options();
    options.form = LeakyForm::current;
    options.excitatory.reset = -60;
    for (LeakyConstants* constants : {&options.excitatory, &options.inhibitory})
        constants->tau_exc = constants->tau_inh = 0;
    options.to_inhibitory = 22.5F;
    options.from_inhibitory = 120;
    options.weight_sum = 78.4F;
    return options;
}

StdpOptions default_options(LeakyForm form) {
    return form == LeakyForm::conductance ? conductance_options() : current_options();
}

void require_usable(const StdpOptions& options) {
    require_between("neurons", options.n_neurons, 1, 65536);
    require_between("steps", options.steps, 1, 65535);
    require_between("step_ms", options.step_ms, 1e-3, 100);
    require_usable(options.excitatory);
    require_usable(options.inhibitory);
    require_between("to_inhibitory", options.to_inhibitory, 0, 1e6);
    require_between("from_inhibitory", options.from_inhibitory, 0, 1e6);
    require_between("theta_plus (mV)", options.theta_plus, 0, 1e4);
    require_between("theta_tau (ms)", options.theta_tau, 1e-3, 1e20);
    require_between("rate", options.law.rate, 0, 1);
    require_between("offset", options.law.offset, 0, 1);
    require_between("w_max", options.law.w_max, 1e-6, 1e6);
    require_between("mu", options.law.mu, 0, 3);
    require_between("trace_tau (ms)", options.trace_tau, 1e-3, 1e9);
    require_between("weight_sum", options.weight_sum, 1e-6, 1e9);
    require_between("first_weight", options.first_weight, 1e-6, options.law.w_max);
    require_between("max_rate_hz", options.max_rate_hz, 0, 1e6);
    require_between("boost_hz", options.boost_hz, 0, 1e6);
    require_between("min_spikes", options.min_spikes, 0, 1e6);
    require_between("max_shows", options.max_shows, 1, 255);
}

LeakyRule leaky_rule(const LeakyConstants& constants, LeakyForm form, float step_ms) {
    const Decay exc = decay(constants.tau_exc, step_ms);
    const Decay inh = decay(constants.tau_inh, step_ms);
    LeakyRule rule;
    rule.form = form;
    rule.share = step_ms / constants.tau;
    rule.keep = decay(constants.tau, step_ms).factor;
    rule.rest = constants.rest;
    rule.reset = constants.reset;
    rule.threshold = constants.threshold;
    rule.e_exc = constants.e_exc;
    rule.e_inh = constants.e_inh;
    rule.mean_exc = exc.mean;
    rule.mean_inh = inh.mean;
    rule.decay_exc = exc.factor;
    rule.decay_inh = inh.factor;
    rule.refractory = std::round(constants.refractory / step_ms);
    return rule;
}

}  // namespace ranvier
