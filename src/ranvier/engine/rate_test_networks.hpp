#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/sim/simulator.hpp"

#include <cstdint>

namespace ranvier {

/// For tests: random_one_spike_network with rate-coded neurons of all kinds, resets and leaks, 5 to
/// 44 steps and either propagation.
[[nodiscard]] Network random_rate_network(std::uint64_t seed);

/// For tests: random costs of the spikes of a network, of places that spike and of no others.
[[nodiscard]] SpikeCosts random_costs(const Network& network, std::uint64_t seed);

}  // namespace ranvier
