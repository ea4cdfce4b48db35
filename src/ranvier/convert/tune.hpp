#pragma once

#include "ranvier/base/progress.hpp"
#include "ranvier/base/samples.hpp"
#include "ranvier/net/network.hpp"

#include <cstddef>

namespace ranvier {

/// What is adapted after a conversion to one-spike code, each with all before it. Nothing is
/// trained: unlabelled images go through the float and the spiking network, and per-channel numbers
/// are set, layer by layer, so that a layer makes up for what the layers before it lose.
enum class Tuning {
    none,
    bias,   ///< each channel's bias: its mean membrane becomes that of the float network
    scale,  ///< each channel's threshold and amplitude: least squared error of what it emits
    base,   ///< each layer's base Q: likewise
    /// before these, each layer's weights: least squares between what arrives over them and what
    /// the membranes lack, with a ridge term (closed form, nothing is trained)
    weights,
};

struct TuneOptions {
    Tuning tuning = Tuning::none;
    /// Values kept of one layer, spread evenly over its channels, images and places.
    std::size_t values_per_layer = 1U << 20;
    std::size_t batch = 64;
    int n_threads = 0;  ///< 0: all cores
};

/// Tunes `spiking`, a one_spike network with W >= T whose thresholds are placed (place_thresholds).
/// @param reference  the float network that it was made from: the same layers, ReLU activations.
/// @throws Error(unsupported) for any other pair of networks.
void tune_one_spike(const Network& reference, Network& spiking, const Samples& samples,
                    const TuneOptions& options, Progress& progress = no_progress());

}  // namespace ranvier
