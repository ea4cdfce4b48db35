#pragma once

#include "ranvier/base/progress.hpp"
#include "ranvier/base/samples.hpp"
#include "ranvier/net/network.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace ranvier {

class FastRun;

/// How thresholds are found from the currents that reach the neurons of the spiking network itself.
struct CurrentOptions {
    int steps = 100;        ///< timesteps that are simulated for it
    float scale = 1;        ///< all thresholds found are multiplied by it in the end, > 0
    float residual = 0.4F;  ///< threshold of neurons in residual blocks, which are not calibrated
    /// Stands for a threshold that would be 0 (no current above 0); 0: that is an error.
    float if_silent = 0;
    std::uint64_t seed = 1;  ///< Poisson input
};

/// What calibration shows the network.
struct CalibrationInput {
    std::size_t n_samples = 0;
    /// Called before each step for each sample. @param pass  activation layers calibrated so far.
    std::function<void(FastRun& run, std::size_t sample, int step, std::size_t pass)> show;
};

/// Layers whose neurons lie in a residual block: between the two ways into a sum, or behind it.
[[nodiscard]] std::vector<bool> in_residual_blocks(const Network& network);

/// The k-th smallest value, k = 1 + round(percentile / 100 * (n - 1)), halves to even: no
/// interpolation (the authors' rule). Changes the order of `values`, which must not be empty.
[[nodiscard]] float nearest_rank(std::vector<float>& values, double percentile);

/// Sets the thresholds of a network of N2 or N3 neurons layer by layer, each from the currents that
/// the layers before it, with the thresholds just found and without leak, send into it: per step
/// the percentile over all samples and neurons, then the largest of all steps. Neurons of residual
/// blocks get their fixed threshold. Found on the fast engine.
/// @param percentile  in (0, 100]; 100: the maximum.
/// @throws Error(bad_input) naming the layer that no current above 0 reaches; Error(unsupported) as
///         FastPlan.
/// @see Rathi et al. 2020 (maximum), Rathi and Roy 2020 (99.7), Chowdhury et al. 2021 (90).
void calibrate_thresholds(Network& network, const CalibrationInput& input, double percentile,
                          const CurrentOptions& options, int n_threads, Progress& progress);

/// The same on images, in the network's own input coding; all of `samples` are used.
void calibrate_thresholds(Network& network, const Samples& samples, double percentile,
                          const CurrentOptions& options, int n_threads, Progress& progress);

}  // namespace ranvier
