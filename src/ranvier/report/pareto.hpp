#pragma once

#include <span>
#include <vector>

namespace ranvier {

/// A result seen as a bargain.
struct Bargain {
    double cost = 0;   ///< less is better: energy, latency
    double value = 0;  ///< more is better: accuracy
};

/// Which bargains lie on the Pareto front: no other one is at least as good in both cost and value
/// and better in one. Equal bargains are on it together.
/// @param bargains  finite.
/// @note O(n log n).
[[nodiscard]] std::vector<bool> pareto_front(std::span<const Bargain> bargains);

}  // namespace ranvier
