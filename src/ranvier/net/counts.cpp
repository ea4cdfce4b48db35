#include "ranvier/net/counts.hpp"

#include "ranvier/net/shapes.hpp"

namespace ranvier {

std::vector<LayerSize> layer_sizes(const Network& network) {
    const std::vector<Shape> shapes = infer_shapes(network);
    std::vector<LayerSize> sizes(shapes.size());
    for (std::size_t l = 0; l < shapes.size(); ++l) {
        const Layer& layer = network.layers[l];
        LayerSize& size = sizes[l];
        size.out = shapes[l];
        if (const auto* conv = layer.as<Convolution>()) {
            size.parameters = conv->weight.size() + conv->bias.size();
            size.macs = conv->weight.size() * static_cast<std::uint64_t>(size.out.plane());
        } else if (const auto* linear = layer.as<Linear>()) {
            size.parameters = linear->weight.size() + linear->bias.size();
            size.macs = linear->weight.size();
        } else if (const auto* embedding = layer.as<NodeEmbedding>()) {
            size.parameters = embedding->weight.size();
            size.macs = embedding->adjacency.matrix->n_entries() *
                        static_cast<std::uint64_t>(size.out.channels);
        } else if (const Adjacency* graph = adjacency_of(layer)) {
            size.macs = graph->matrix->n_entries() * static_cast<std::uint64_t>(size.out.channels);
        } else if (const auto* norm = layer.as<BatchNorm>()) {
            size.parameters = norm->scale.size() + norm->shift.size();
        } else if (layer.as<Activation>() != nullptr) {
            size.neurons = static_cast<std::uint64_t>(size.out.size());
        }
    }
    return sizes;
}

LayerSize total_size(const std::vector<LayerSize>& sizes) {
    LayerSize total;
    for (const LayerSize& size : sizes) {
        total.parameters += size.parameters;
        total.macs += size.macs;
        total.neurons += size.neurons;
        total.out = size.out;
    }
    return total;
}

}  // namespace ranvier
