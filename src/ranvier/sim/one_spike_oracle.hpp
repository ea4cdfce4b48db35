#pragma once

#include "ranvier/net/network.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace ranvier {

/// What a layer emits at each timestep from 0 on, [n_steps][channels][height][width].
using Train = std::vector<std::vector<double>>;

/// For tests: what the neuron of `layer` and `index` does in the phase of `step` if its membrane
/// is so near the threshold that rounding decides.
using TieRule = std::function<bool(std::size_t layer, int step, std::size_t index)>;

struct OracleResult {
    std::vector<Train> emitted;  ///< [n_layers]
    std::size_t n_ties = 0;      ///< how often the rule was asked
};

/// For tests: a one_spike network computed layer by layer instead of step by step, each neuron by
/// itself over all its phases by algorithm 1 of One-Spike in its own form: the membrane is
/// multiplied by the base of its input at every phase, and thresholds are rescaled from that base
/// to the neuron's own. In double precision; only sums over synapses are rounded to float.
/// @param margin  a membrane nearer than this to a threshold, in natural units, is a tie.
[[nodiscard]] OracleResult one_spike_oracle(const Network& network, std::span<const float> image,
                                            double margin, const TieRule& tie);

}  // namespace ranvier
