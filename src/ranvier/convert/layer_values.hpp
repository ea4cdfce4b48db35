#pragma once

#include "ranvier/base/progress.hpp"
#include "ranvier/base/samples.hpp"
#include "ranvier/net/network.hpp"

#include <cstddef>
#include <vector>

namespace ranvier {

/// Some of one layer's values over a data set, by channel: [channels][values]. Which places are
/// taken depends only on shapes and options, so that two networks' values belong together.
using LayerValues = std::vector<std::vector<float>>;

struct LayerValuesOptions {
    std::size_t values_per_layer = 1U << 20;
    std::size_t batch = 64;
    int n_threads = 0;  ///< 0: all cores
};

/// Values of `layers` (ascending) in one pass over the samples; the network must be one that
/// FloatEngine runs. [layers.size()].
[[nodiscard]] std::vector<LayerValues> sample_layer_values(const Network& network,
                                                           const std::vector<std::size_t>& layers,
                                                           const Samples& samples,
                                                           const LayerValuesOptions& options,
                                                           Progress& progress = no_progress());

/// The part of `network` that `layer` is computed from, ending in an output; `layer` has become
/// the third-last layer.
[[nodiscard]] Network network_up_to(const Network& network, std::size_t layer);

}  // namespace ranvier
