#pragma once

#include "ranvier/train/surrogate.hpp"

namespace ranvier {

/// How a spiking network is trained by backpropagation through time.
struct SpikeTraining {
    Surrogate surrogate{};
    bool threshold = true;  ///< trained too; else as they are
    bool leak = true;       ///< trained too, within [0, 1]; else as they are
    /// Probability that a neuron is silenced for a whole pass: those whose spikes go into weights
    /// alone, not into a pool or a shortcut.
    float dropout = 0;
    /// Keep the membranes of so many steps only, and compute the others again in the backward pass:
    /// less memory, a third more time. 0: keep all.
    int checkpoint_steps = 0;
    /// In a row, without a spike of a layer of neurons, before training stops; or an epoch's, if
    /// those are fewer. Its neurons may come back.
    int silent_batches = 100;
};

}  // namespace ranvier
