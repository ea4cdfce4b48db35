#pragma once

#include "ranvier/sim/simulator.hpp"

#include <vector>

namespace ranvier {

/// What travels out of one layer, averaged over samples: spikes, or analog values.
struct Events {
    /// Values that are no spikes (pixels, currents): whoever weighs them pays for multiplications.
    bool analog = false;
    /// [channels][height][width] spikes of one sample that pass each place. An average pool passes
    /// on every spike of its window: pool and next layer act as one set of synapses.
    std::vector<double> count;
    /// Spikes per sample and neuron behind these values, averaged over the neurons.
    double rate = 0;
};

/// [n_layers]. @throws Error(bad_input) if `result` does not belong to `network`.
[[nodiscard]] std::vector<Events> follow_events(const Network& network,
                                                const std::vector<Shape>& shapes,
                                                const SimulationResult& result);

}  // namespace ranvier
