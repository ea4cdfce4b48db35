#pragma once

#include "ranvier/sim/simulator.hpp"

namespace ranvier {

/// The synapses that one spike finds, border-exact, through pools and the like: with these as
/// SimulationOptions::spike_costs a run adds up the synaptic operations of each timestep, which
/// over all steps are the ledger's (energy/ledger.hpp).
/// @param input_spikes  whether what the input sends is spikes: phase codes, Poisson input, and
///                      replayed events that nothing is taken off (input_is_sparse).
/// @throws Error(bad_input) for an unsound network.
[[nodiscard]] SpikeCosts spike_costs(const Network& network, bool input_spikes);

}  // namespace ranvier
