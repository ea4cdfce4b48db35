#include "ranvier/convert/layer_values.hpp"

#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_engine.hpp"

#include <algorithm>

namespace ranvier {

SampledPlaces::SampledPlaces(const Shape& shape, std::size_t n_images, std::size_t n_values)
    : plane_(static_cast<std::size_t>(shape.plane())) {
    const std::size_t per_channel =
        std::max<std::size_t>(1, n_values / static_cast<std::size_t>(shape.channels) /
                                     std::max<std::size_t>(1, n_images));
    stride_ = std::max<std::size_t>(1, plane_ / per_channel);
    if (stride_ > 1 && stride_ % 2 == 0) --stride_;  // even ones meet the same columns again
}

std::vector<LayerValues> sample_layer_values(const Network& network,
                                             const std::vector<std::size_t>& layers,
                                             const Samples& samples,
                                             const LayerValuesOptions& options,
                                             Progress& progress) {
    const std::vector<Shape> shapes = infer_shapes(network);
    std::vector<LayerValues> values(layers.size());
    std::vector<SampledPlaces> places;
    for (std::size_t k = 0; k < layers.size(); ++k) {
        values[k].resize(static_cast<std::size_t>(shapes[layers[k]].channels));
        places.emplace_back(shapes[layers[k]], samples.size(), options.values_per_layer);
    }
    std::size_t first = 0;  // image of the batch
    const auto take = [&](std::size_t layer, std::span<const float> all, std::size_t n) {
        const auto k = static_cast<std::size_t>(
            std::lower_bound(layers.begin(), layers.end(), layer) - layers.begin());
        const std::size_t channels = values[k].size();
        const std::size_t plane = all.size() / n / channels;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t c = 0; c < channels; ++c)
                places[k].visit(first + i, [&](std::size_t p) {
                    values[k][c].push_back(all[(i * channels + c) * plane + p]);
                });
    };
    FloatEngine engine(network, options.n_threads);
    for (; first < samples.size(); first += options.batch) {
        const std::size_t count = std::min(options.batch, samples.size() - first);
        (void)engine.run(read_batch(samples, first, count), layers, take);
        progress.advance(count);
    }
    return values;
}

namespace {

/// [n_layers]: whether `layer` is computed from it.
std::vector<bool> needed_for(const Network& network, std::size_t layer) {
    std::vector<bool> needed(network.layers.size(), false);
    needed[layer] = true;
    for (std::size_t l = layer + 1; l-- > 0;)
        if (needed[l])
            for (const std::size_t source : network.layers[l].inputs) needed[source] = true;
    return needed;
}

}  // namespace

std::size_t part_index(const Network& network, std::size_t layer, std::size_t inner) {
    const std::vector<bool> needed = needed_for(network, layer);
    return static_cast<std::size_t>(
        std::count(needed.begin(), needed.begin() + static_cast<std::ptrdiff_t>(inner), true));
}

Network network_up_to(const Network& network, std::size_t layer) {
    const std::vector<bool> needed = needed_for(network, layer);
    Network part;
    part.timing = network.timing;
    std::vector<std::size_t> place(network.layers.size());
    for (std::size_t l = 0; l <= layer; ++l) {
        if (!needed[l]) continue;
        place[l] = part.layers.size();
        Layer copy = network.layers[l];
        for (std::size_t& source : copy.inputs) source = place[source];
        part.layers.push_back(std::move(copy));
    }
    const std::size_t last = part.layers.size() - 1;
    part.layers.push_back({unused_name(part, "mean"), {last}, GlobalAveragePool{}});
    part.layers.push_back({unused_name(part, "output"), {last + 1}, Output{}});
    return part;
}

}  // namespace ranvier
