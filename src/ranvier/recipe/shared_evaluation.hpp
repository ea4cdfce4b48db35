#pragma once

#include "ranvier/base/process_group.hpp"
#include "ranvier/sim/float_engine.hpp"
#include "ranvier/sim/simulator.hpp"

#include <memory>

namespace ranvier {

/// As evaluate_float and SpikingEngine::run, with the samples dealt out to the processes of a
/// group in blocks of 32, the size of the engines' batches. Counts are summed as integers, so that
/// every process returns the same result as one alone would; only `seconds` differ (those of the
/// slowest process). Nothing is dealt out if logits are asked for.
[[nodiscard]] FloatResult evaluate_float_shared(const Network& network,
                                                const std::shared_ptr<const Samples>& samples,
                                                const FloatOptions& options, Progress& progress,
                                                ProcessGroup& processes);
[[nodiscard]] SimulationResult run_shared(const SpikingEngine& engine,
                                          const std::shared_ptr<const Samples>& samples,
                                          const SimulationOptions& options, Progress& progress,
                                          ProcessGroup& processes);

}  // namespace ranvier
