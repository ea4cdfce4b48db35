#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/sim/simulator.hpp"

#include <memory>

namespace ranvier {

/// Runs rate-coded and one-spike networks on packed spikes, event by event or whole words at a
/// time, on all cores: over samples, or over parts of a layer if there are few samples. The same
/// spikes and sums as the reference simulator's, to the last bit, on every instruction set and
/// number of threads.
/// @throws Error(unsupported) as FastPlan.
[[nodiscard]] std::unique_ptr<SpikingEngine> make_fast_engine(const Network& network);

/// Timesteps that the fast engine takes a layer through before the next layer; one-spike networks
/// go through all steps of an image at once.
/// @param n_steps  of a sample.
[[nodiscard]] std::size_t chunk_steps(int n_steps);

enum class EngineKind {
    automatic,  ///< the fastest that can run the network
    reference,
    phase,
    fast,
};

/// automatic: the phase engine for one_spike networks whose layers wait for all their input, else
/// the fast engine, else the reference simulator.
/// @throws as the function that makes the engine.
[[nodiscard]] std::unique_ptr<SpikingEngine> make_spiking_engine(
    const Network& network, EngineKind kind = EngineKind::automatic);

}  // namespace ranvier
