#pragma once

#include "ranvier/engine/crew.hpp"
#include "ranvier/engine/currents.hpp"
#include "ranvier/engine/signal.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ranvier {

/// What a population remembers from step to step, for all slots.
struct PopulationState {
    std::vector<float> membrane;                 ///< [slot][place][channels, padded to blocks]
    std::vector<std::uint32_t> arrived, passed;  ///< max pools: [slot][place][channels]
    std::vector<float> sums;                     ///< output: [slot][n_out]
    std::vector<float> trace;  ///< output: [slot][step of the chunk][n_out] sums so far
};

/// Everything of a run that a population works on.
struct RunParts {
    std::vector<Signal> signals;
    std::vector<PopulationState> states;  ///< one per population
    std::vector<Scratch> scratch;         ///< one per worker
    std::size_t n_slots = 0;
    std::size_t chunk = 0;  ///< most steps of a chunk
};

/// A layer that keeps something (neurons, pools of spikes, values that several layers read, the
/// output): computes a chunk of steps of its signal from earlier signals.
class Population {
public:
    virtual ~Population() = default;
    virtual void allocate(PopulationState&, std::size_t /*n_slots*/, std::size_t /*chunk*/) const {}
    /// A new sample in `slot`: everything is forgotten.
    virtual void begin(PopulationState&, std::size_t /*slot*/) const {}
    /// @param self  index of the population. @param n  steps of this chunk (rate coding).
    virtual void run(RunParts& parts, std::size_t self, std::span<const std::size_t> slots,
                     std::size_t n, Crew& crew) const = 0;
    /// Signals whose event lists its currents read.
    virtual void add_sources(std::vector<std::size_t>& /*signals*/) const {}
    [[nodiscard]] virtual std::string describe() const = 0;
};

}  // namespace ranvier
