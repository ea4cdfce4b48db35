#pragma once

#include "ranvier/base/random.hpp"

#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace ranvier {

/// The numbers below n in a random order (Fisher-Yates), n at most 2^32.
[[nodiscard]] inline std::vector<std::size_t> random_order(std::size_t n, Random random) {
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t last = n; last > 1; --last)
        std::swap(order[last - 1], order[random.below(static_cast<std::uint32_t>(last))]);
    return order;
}

}  // namespace ranvier
