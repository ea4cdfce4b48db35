#pragma once

#include "ranvier/sim/float_loops.hpp"
#include "ranvier/sim/simulator.hpp"

#include <cstdint>
#include <vector>

namespace ranvier {

/// Spikes of each neuron of one layer, in the order in which a plan stores the layer's values.
struct SpikeTally {
    std::size_t layer = 0;
    BlockedLayout layout;
    std::vector<std::uint32_t> counts;  ///< [layout.stride()]

    /// Adds the counts to the layer's entry of `spikes` and starts again from 0.
    void move_to(SpikeCounts& spikes);
};

/// A one_spike layer ready for whole batches: its code, and threshold and amplitude of every stored
/// value.
struct PhaseLayer {
    /// @param neuron  one_spike. @param steps  phases T. @param layout  of the layer's values.
    PhaseLayer(const Neuron& neuron, int steps, const BlockedLayout& layout);

    std::vector<float> code_threshold, code_worth;  ///< [T]
    std::vector<float> threshold, amplitude;        ///< [layout.stride()]
};

/// What `n` samples' neurons emit once all their input has arrived; to = code(from), element by
/// element; `to` may be `from`. `counts` as in SpikeTally.
void fire_one_spike(const PhaseLayer& layer, std::size_t n, const float* from, float* to,
                    std::vector<std::uint32_t>& counts);

/// Counts the values that are not 0 in `n` samples.
void count_spikes(std::size_t n, const float* values, std::vector<std::uint32_t>& counts);

/// Replaces pixels in [0, 1] by what their spikes are worth together, and counts the spikes.
/// @param pixels  [n][channels][height][width]; not yet normalized.
void encode_images(const Network& network, std::size_t n, const float* pixels, float* values,
                   std::vector<std::uint32_t>& counts);

}  // namespace ranvier
