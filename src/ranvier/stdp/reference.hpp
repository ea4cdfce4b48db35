#pragma once

#include "ranvier/stdp/encoder.hpp"
#include "ranvier/stdp/options.hpp"

#include <cstdint>
#include <vector>

namespace ranvier {

/// The two-layer network in plain loops over all synapses and all neurons, nothing skipped and
/// nothing packed: what StdpRunner is tested against. Keep it obvious, not fast.
class StdpReference {
public:
    StdpReference(const StdpOptions& options, std::size_t n_inputs);

    std::vector<std::vector<float>> weights;  ///< [n_inputs][n_neurons]
    std::vector<std::vector<bool>> alive;     ///< [n_inputs][n_neurons]
    std::vector<float> theta;                 ///< [n_neurons] mV

    std::vector<std::uint32_t> spikes;  ///< [n_neurons] excitatory, of the last showing
    std::uint64_t inhibitory_spikes = 0;
    std::uint64_t synaptic_events = 0;

    /// Shows given spikes to the network at rest.
    void show(const InputSpikes& input, bool learn);

private:
    struct Cell {
        float membrane = 0, exc = 0, inh = 0;
        int wait = 0;
    };
    bool step(Cell& cell, const LeakyConstants& constants, float theta_now) const;
    void learn_synapses(std::size_t neuron);
    void normalize(std::size_t neuron);

    StdpOptions options_;
    std::size_t n_inputs_, n_neurons_;
    std::vector<float> trace_;  ///< [n_inputs]
};

}  // namespace ranvier
