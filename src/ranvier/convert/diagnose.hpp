#pragma once

#include "ranvier/base/progress.hpp"
#include "ranvier/base/samples.hpp"
#include "ranvier/net/network.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace ranvier {

/// How far one layer of a spiking network is from the float network, over all its neurons and some
/// images. `a` is the float activation, `s` what the neuron's spikes are worth together (rate
/// coding: per timestep).
struct LayerError {
    std::string name;
    double relative_error = 0;  ///< sqrt(sum (s - a)^2 / sum a^2)
    double bias = 0;            ///< sum (s - a) / sum a: the part that does not average out
    /// The same as relative_error for this layer's code alone, on the float network's own
    /// membranes; what is more than this was inherited. Only where layers wait for all their input,
    /// else -1.
    double own_error = -1;
    double saturated = 0;  ///< share of the active (a > 0) beyond the largest value of the code
    double silenced = 0;   ///< share of the active that do not spike
};

struct Diagnosis {
    std::size_t images = 0;  ///< graphs: labelled documents
    /// Share of the images whose largest output is another one than the float network's; no label
    /// is needed, and the accuracy cannot change by more.
    double changed_decisions = 0;
    bool held_out = false;           ///< these images took no part in the calibration
    double output_error = 0;         ///< relative error of the outputs
    std::vector<LayerError> layers;  ///< activation layers, in order
};

struct DiagnoseOptions {
    std::size_t images = 100;  ///< the first so many; at most all
    int n_threads = 0;         ///< 0: all cores
};

/// Compares, layer by layer, a spiking network whose scale is in its thresholds with the float
/// network that it was made from (prepared_for_conversion).
/// @throws Error(unsupported) if the layers do not correspond.
[[nodiscard]] Diagnosis diagnose(const Network& reference, const Network& spiking,
                                 const Samples& samples, const DiagnoseOptions& options,
                                 Progress& progress = no_progress());

}  // namespace ranvier
