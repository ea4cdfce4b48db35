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

/// The places of a channel's plane that are taken of an image: every so many, from another first
/// one for each image.
class SampledPlaces {
public:
    /// @param n_values  wanted of the layer, over all channels and images.
    SampledPlaces(const Shape& shape, std::size_t n_images, std::size_t n_values);

    template <typename Visit>
    void visit(std::size_t image, Visit&& visit_place) const {
        for (std::size_t p = image * 7 % stride_; p < plane_; p += stride_) visit_place(p);
    }

private:
    std::size_t plane_, stride_ = 1;
};

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

/// The index in network_up_to(network, layer) of layer `inner`, which `layer` is computed from.
[[nodiscard]] std::size_t part_index(const Network& network, std::size_t layer, std::size_t inner);

}  // namespace ranvier
