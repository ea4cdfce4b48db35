#pragma once

#include "ranvier/c/model.hpp"
#include "ranvier/c/ranvier.h"
#include "ranvier/energy/ledger.hpp"
#include "ranvier/sim/simulator.hpp"

namespace ranvier::c_api {

/// Counts and energy of a run, as `ranvier evaluate` has them.
[[nodiscard]] Ledger ledger_of(const Network& network, const SimulationResult& run);

[[nodiscard]] ranvier_statistics statistics_of(const Ledger& ledger, const SimulationResult& run);

/// @throws Error(usage) if there is no such layer.
[[nodiscard]] ranvier_layer_statistics layer_statistics_of(const Ledger& ledger,
                                                           const Network& network,
                                                           std::size_t layer);

}  // namespace ranvier::c_api
