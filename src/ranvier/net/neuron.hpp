#pragma once

#include <optional>
#include <vector>

namespace ranvier {

/// What an activation layer computes. All but `relu`, `quantized_relu` and `sign` are spiking;
/// their update rules are in sim/neuron_step.hpp, one plain function each.
enum class NeuronKind {
    relu,             ///< max(0, x)
    quantized_relu,   ///< floor(max(0, x))
    integrate_fire,   ///< N1: integrate, fire at u >= threshold, reset by subtraction or to zero
    leaky_delayed,    ///< N2: fires on the membrane from before this step's input, strict >
    leaky_same_step,  ///< N3: leak, integrate, fire at strict >, subtract or reset to zero
    multi_spike,      ///< N4: several spikes in one step, optional lower bound
    one_spike,        ///< single-spike phase coding: at most one spike, worth base^-phase
    sign,             ///< -1 below 0, else +1: binary activations (XNOR-Net)
};

/// What happens to the membrane when an integrate_fire or leaky_same_step neuron fires.
enum class Reset { subtract, zero };

/// The neuron of an activation layer. Vectors hold one value for the layer, or one per channel.
struct Neuron {
    NeuronKind kind = NeuronKind::relu;
    Reset reset = Reset::subtract;
    std::vector<float> threshold = {1.0F};  ///< [1] or [channels]; membrane units, > 0
    /// [1] or [channels]; what one spike is worth to the next layer. 1 after normalize_weights;
    /// equal to the threshold where thresholds were placed and the weights left alone.
    std::vector<float> amplitude = {1.0F};
    float leak = 1.0F;                 ///< membrane factor per timestep (N2, N3), 1: none
    std::optional<float> lower_bound;  ///< of the membrane (N4)
    float base = 2.0F;                 ///< Q of the phase code this neuron emits (one_spike), > 1
    bool threshold_shift = true;       ///< one_spike: round to the nearest phase value, not down

    [[nodiscard]] bool spiking() const noexcept {
        return kind != NeuronKind::relu && kind != NeuronKind::quantized_relu &&
               kind != NeuronKind::sign;
    }
    friend bool operator==(const Neuron&, const Neuron&) = default;
};

}  // namespace ranvier
