#pragma once

#include "ranvier/net/neuron.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace ranvier {

// The update rules of the spiking neurons, one timestep each, plain and scalar. They are not
// interchangeable; every faster variant and every training executor is tested against these.
// `u` is the membrane, `current` the summed weighted input of this step. Returned: spikes emitted.

/// N1, integrate and fire (B-SNN): fires at u >= threshold after this step's input.
inline int step_integrate_fire(float& u, float current, float threshold, Reset reset) noexcept {
    u += current;
    if (!(u >= threshold)) return 0;
    u = reset == Reset::subtract ? u - threshold : 0.0F;
    return 1;
}

/// N2, delayed leaky neuron (hybrid, adversarial, DIET on ImageNet): the spike is decided from the
/// membrane of before this step's input, by strict >.
inline int step_leaky_delayed(float& u, float current, float threshold, float leak) noexcept {
    const int spike = u / threshold - 1.0F > 0.0F ? 1 : 0;
    u = leak * u + current - threshold * static_cast<float>(spike);
    return spike;
}

/// N3, leaky neuron without delay (DIET, IIR): leak, integrate, fire by strict >, subtract; or
/// reset to zero, as the LIF of NIR does.
inline int step_leaky_same_step(float& u, float current, float threshold, float leak,
                                Reset reset = Reset::subtract) noexcept {
    u = leak * u + current;
    const int spike = u / threshold - 1.0F > 0.0F ? 1 : 0;
    if (spike != 0) u = reset == Reset::subtract ? u - threshold : 0.0F;
    return spike;
}

/// N4, several spikes per step (Sinabs IAF); the membrane never stays below `lower_bound`.
inline int step_multi_spike(float& u, float current, float threshold,
                            std::optional<float> lower_bound) noexcept {
    u += current;
    const int spikes = u > 0 ? static_cast<int>(u / threshold) : 0;
    u -= static_cast<float>(spikes) * threshold;
    if (lower_bound) u = std::max(u, *lower_bound);
    return spikes;
}

/// One-spike phase code: what the membrane must reach to fire in `phase` (1, 2, ...), for a neuron
/// whose peak activation is 1. With threshold shift that is the middle between this phase's value
/// base^-phase and the next one's, so that the code rounds instead of cutting off (eq. 3 and 4).
inline double one_spike_threshold(double base, int phase, bool threshold_shift) noexcept {
    const double shift = threshold_shift ? (1 + 1 / base) / 2 : 1;
    return shift * std::pow(base, -phase);
}

/// What a one-spike neuron's spike in `phase` is worth, per unit of its amplitude.
inline float one_spike_worth(double base, int phase) noexcept {
    return static_cast<float>(std::pow(base, -phase));
}

}  // namespace ranvier
