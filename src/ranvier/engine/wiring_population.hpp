#pragma once

#include "ranvier/engine/geometry.hpp"
#include "ranvier/engine/population.hpp"
#include "ranvier/net/network.hpp"

#include <memory>
#include <vector>

namespace ranvier {

/// Where a source's place and channel go in the layer that reads it.
struct WiringSource {
    std::size_t signal = 0;
    Shape shape;
    std::size_t first_channel = 0;  ///< concat, shortcut: of the source's channel 0
    std::int64_t stride = 1;        ///< shortcut
    bool flatten = false;
};

/// Concat, flatten, shortcut: the same spikes or values at other places.
[[nodiscard]] std::unique_ptr<Population> make_wiring(const SignalPlan& plan, std::size_t out,
                                                      std::vector<WiringSource> sources);

/// A max pool of spikes (sim/spike_pool.hpp).
[[nodiscard]] std::unique_ptr<Population> make_spike_pool(const SignalPlan& plan, std::size_t out,
                                                          WindowGeometry geometry, MaxRule rule,
                                                          const SignalPlan& from_plan,
                                                          std::size_t from);

}  // namespace ranvier
