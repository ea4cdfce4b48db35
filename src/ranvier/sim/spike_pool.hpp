#pragma once

#include "ranvier/net/network.hpp"

#include <cstdint>
#include <functional>
#include <span>

namespace ranvier {

/// One timestep of a max pool over spikes. [height][width][channels] everywhere.
///
/// running_count: an output passes a spike whenever the largest spike count of its window has
/// grown beyond what it passed; with neurons that spike once it passes the first and no other.
/// current_step: whenever anything in its window spikes now.
///
/// @param values   what the inputs emit now, 0: nothing.
/// @param arrived  spikes of each input so far; grows here.
/// @param passed   spikes of each output so far; `pass` shall let it grow.
/// @param pass     is called with each output that passes a spike, and the largest value now.
void step_spike_pool(const MaxPool& pool, const Shape& in, const Shape& out,
                     std::span<const float> values, std::span<std::uint32_t> arrived,
                     std::span<const std::uint32_t> passed,
                     const std::function<void(std::size_t output, float value)>& pass);

}  // namespace ranvier
