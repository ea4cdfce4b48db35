#pragma once

#include "ranvier/base/samples.hpp"
#include "ranvier/net/network.hpp"

#include <cstdint>
#include <functional>

namespace ranvier {

/// For tests: every activation becomes a one_spike neuron whose channels have the thresholds and
/// amplitudes that `threshold` gives, one after the other; W = T.
void make_one_spike(Network& network, int steps, float base,
                    const std::function<float()>& threshold);

/// For tests: random_float_network as a one_spike network, without what only float networks hold.
[[nodiscard]] Network random_one_spike_network(std::uint64_t seed, int steps, float base);

/// For tests: branched_network as a one_spike network whose weights and thresholds are small
/// multiples of powers of two. With base 2 and pixels in eighths every sum is exact in any order.
[[nodiscard]] Network dyadic_one_spike_network(std::uint64_t seed, int steps);

}  // namespace ranvier
