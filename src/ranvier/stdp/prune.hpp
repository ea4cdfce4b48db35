#pragma once

#include "ranvier/stdp/model.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ranvier {

enum class PruneKind {
    none,
    permanent,  ///< what is pruned once is gone
    soft,       ///< what is pruned is set to 0 and may grow again until the end of training
};

/// Pruning and quantization between training images.
/// @see Rathi, Panda & Roy 2019, doi:10.1109/TCAD.2018.2819366.
struct PruneOptions {
    PruneKind kind = PruneKind::none;
    float threshold = 0.2F;       ///< synapses with smaller weights are pruned
    int levels = 0;               ///< conductance levels of what remains; 0: any weight
    std::size_t interval = 5000;  ///< training images between two prunings
    /// Neurons that have spiked less often while learning are left alone, but for the last time:
    /// their weights still say nothing.
    int mature_spikes = 50;
    friend bool operator==(const PruneOptions&, const PruneOptions&) = default;
};

/// @throws Error(bad_input) naming what cannot be used, and what is allowed.
void require_usable(const PruneOptions& options, float w_max);

/// The weights that synapses may have: `levels` values, evenly spaced from threshold to w_max.
[[nodiscard]] std::vector<float> conductance_levels(const PruneOptions& options, float w_max);

/// Prunes and quantizes. @param last  the end of training: neurons of all ages, and what is 0 does
/// not exist any more.
void prune(StdpModel& model, const PruneOptions& options, bool last);

/// @throws Error(bad_input) unless it is in [0, 1000].
void require_usable_sigma(float sigma);

/// Device variation: multiplies each synapse's weight by 1 + sigma * N(0, 1), not below 0. The same
/// seed gives the same devices.
void vary_devices(StdpModel& model, float sigma, std::uint64_t seed);

}  // namespace ranvier
