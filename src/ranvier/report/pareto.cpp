#include "ranvier/report/pareto.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>

namespace ranvier {

std::vector<bool> pareto_front(std::span<const Bargain> bargains) {
    std::vector<std::size_t> order(bargains.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // Cheap first, of equal cost the most valuable first.
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        return bargains[a].cost != bargains[b].cost ? bargains[a].cost < bargains[b].cost
                                                    : bargains[a].value > bargains[b].value;
    });
    std::vector<bool> front(bargains.size(), false);
    Bargain best{0, -std::numeric_limits<double>::infinity()};  // the last on the front
    for (const std::size_t k : order) {
        const Bargain& one = bargains[k];
        const bool same = one.value == best.value && one.cost == best.cost;
        front[k] = one.value > best.value || same;
        if (front[k]) best = one;
    }
    return front;
}

}  // namespace ranvier
