#pragma once

#include "ranvier/kernels/leaky_step.hpp"
#include "ranvier/kernels/power_law.hpp"

#include <cstddef>
#include <cstdint>

namespace ranvier {

/// A population of leaky neurons. Voltages in mV, times in ms.
struct LeakyConstants {
    float rest = -65, reset = -65, threshold = -52;
    float tau = 100;  ///< of the membrane
    float refractory = 5;
    float e_exc = 0;     ///< conductance form: reversal potential of excitation
    float e_inh = -100;  ///< and of inhibition
    float tau_exc = 1;   ///< of the synapses; 0: a spike acts for one timestep
    float tau_inh = 2;
    friend bool operator==(const LeakyConstants&, const LeakyConstants&) = default;
};

/// The two-layer network: inputs -> excitatory neurons, each with an inhibitory neuron that
/// inhibits all others.
struct StdpOptions {
    LeakyForm form = LeakyForm::conductance;
    int n_neurons = 400;  ///< excitatory, and as many inhibitory; [1, 65536]
    int steps = 350;      ///< that an image is shown
    float step_ms = 1;
    LeakyConstants excitatory;
    LeakyConstants inhibitory;
    float to_inhibitory = 10.4F;  ///< weight from an excitatory neuron to its inhibitory one
    float from_inhibitory = 17;   ///< weight from an inhibitory neuron to all other excitatory ones
    float theta_plus = 0.05F;     ///< mV per spike: what the threshold grows by
    float theta_tau = 1e7F;       ///< ms: how slowly that is forgotten
    PowerLaw law;
    float trace_tau = 20;        ///< ms, of the inputs' traces
    float weight_sum = 78;       ///< of a neuron's weights, restored before each image
    float first_weight = 0.3F;   ///< weights begin within [0, this], uniformly
    float max_rate_hz = 63.75F;  ///< spikes of a white pixel
    float boost_hz = 31.875F;    ///< added when an image is shown again
    int min_spikes = 5;          ///< of all neurons together; fewer: the image is shown again
    int max_shows = 16;          ///< but no more often than this
};

/// Conductances, as Diehl & Cook published them, with steps of 1 ms.
/// @see Diehl & Cook 2015, doi:10.3389/fncom.2015.00099, and the constants of their program.
[[nodiscard]] StdpOptions conductance_options();

/// Currents instead of conductances: a spike moves the membrane by its weight at once.
/// @see Hazan et al. 2018 (BindsNET), doi:10.3389/fninf.2018.00089.
[[nodiscard]] StdpOptions current_options();

[[nodiscard]] StdpOptions default_options(LeakyForm form);

/// @throws Error(bad_input) naming the first option that cannot be used, and what is allowed.
void require_usable(const StdpOptions& options);

/// The rules of one timestep that follow from the constants.
[[nodiscard]] LeakyRule leaky_rule(const LeakyConstants& constants, LeakyForm form, float step_ms);

}  // namespace ranvier
