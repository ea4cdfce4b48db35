#pragma once

#include "ranvier/net/network.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace ranvier {

/// Weights that are small integers times one factor per output, so that spikes worth 1 can be
/// summed exactly, in any order.
struct IntegralWeights {
    std::vector<std::int8_t> integers;  ///< as the layer's weight tensor, row major
    std::vector<float> scale;           ///< [n_out]
    bool binary = false;                ///< all integers are +1 or -1
};

/// int8 or binary weights, or float weights of which each output has only one magnitude (binary:
/// +-scale). Nothing for other weights and for layers without.
[[nodiscard]] std::optional<IntegralWeights> integral_weights(const Layer& layer);

}  // namespace ranvier
