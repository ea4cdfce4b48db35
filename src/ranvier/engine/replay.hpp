#pragma once

#include "ranvier/base/progress.hpp"
#include "ranvier/base/samples.hpp"
#include "ranvier/net/network.hpp"
#include "ranvier/sim/simulator.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace ranvier {

/// Shows event recordings to a rate-coded network as they happened, one timestep after the other
/// (Samples::read_timed), one sample per thread. The same spikes as the reference simulator's.
///
/// Each sample takes its own number of timesteps, or `options.steps`: events behind them are not
/// shown, and behind the last event the input is silent. `steps` of the result is that of the
/// longest sample, and `exits_after` says after how many steps each was done. The events shown are
/// counted as spikes of the input layer, where those without an event send nothing
/// (input_is_sparse).
///
/// @throws Error(usage) if the samples are no recordings; Error(bad_input) if they do not fit the
///         network; Error(unsupported) as Stream.
[[nodiscard]] SimulationResult replay_events(const Network& network, const Samples& samples,
                                             const SimulationOptions& options, Progress& progress);

/// Whether a value of 0 stays 0 behind the network's own normalization, so that only events cause
/// work.
[[nodiscard]] bool input_is_sparse(const Network& network);

/// Adds each event to the count of its place.
void count_events(std::span<const TimedSample::Value> events, std::vector<std::uint64_t>& counts);

}  // namespace ranvier
