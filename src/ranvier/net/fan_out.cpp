#include "ranvier/net/fan_out.hpp"

#include "ranvier/net/shapes.hpp"

namespace ranvier {

namespace {

/// [n_in]: how many window positions cover each input index along one axis.
std::vector<double> covers(std::int64_t n_in, std::int64_t n_out, std::int64_t kernel,
                           std::int64_t stride, std::int64_t pad, std::int64_t dilation) {
    std::vector<double> count(static_cast<std::size_t>(n_in), 0.0);
    for (std::int64_t o = 0; o < n_out; ++o)
        for (std::int64_t k = 0; k < kernel; ++k) {
            const std::int64_t i = o * stride - pad + k * dilation;
            if (i >= 0 && i < n_in) ++count[static_cast<std::size_t>(i)];
        }
    return count;
}

}  // namespace

std::vector<double> fan_out_map(const Layer& layer, const Shape& in, const Shape& out) {
    std::vector<double> map(static_cast<std::size_t>(in.plane()), 0.0);
    if (layer.as<Linear>() != nullptr || layer.as<NodeEmbedding>() != nullptr)
        map.assign(map.size(), static_cast<double>(out.channels));
    if (layer.as<EdgeValues>() != nullptr || layer.as<GraphPropagation>() != nullptr)
        for (const std::int32_t source : adjacency_of(layer)->matrix->column)
            ++map[static_cast<std::size_t>(source)];
    const auto* conv = layer.as<Convolution>();
    if (conv == nullptr) return map;
    const Window& w = conv->window;
    const auto rows =
        covers(in.height, out.height, w.kernel_h, w.stride_h, w.pad_top, w.dilation_h);
    const auto columns =
        covers(in.width, out.width, w.kernel_w, w.stride_w, w.pad_left, w.dilation_w);
    const std::int64_t per_group = out.channels / conv->groups;
    const auto targets = static_cast<double>(per_group);
    for (std::size_t y = 0; y < rows.size(); ++y)
        for (std::size_t x = 0; x < columns.size(); ++x)
            map[y * columns.size() + x] = rows[y] * columns[x] * targets;
    return map;
}

double nominal_fan_out(const Layer& layer, const Shape& out) {
    if (layer.as<Linear>() != nullptr || layer.as<NodeEmbedding>() != nullptr)
        return static_cast<double>(out.channels);
    if (const Adjacency* graph = adjacency_of(layer))
        return static_cast<double>(graph->matrix->n_entries()) /
               static_cast<double>(graph->matrix->n_rows);
    const auto* conv = layer.as<Convolution>();
    if (conv == nullptr) return 0;
    const Window& w = conv->window;
    const std::int64_t per_group = out.channels / conv->groups;
    return static_cast<double>(w.kernel_h * w.kernel_w * per_group) /
           static_cast<double>(w.stride_h * w.stride_w);
}

std::vector<double> activation_fan_outs(const Network& network) {
    const std::vector<Shape> shapes = infer_shapes(network);
    std::vector<double> fan_outs(network.layers.size(), 0.0);
    // From the back: what a value of each layer reaches.
    std::vector<double> reached(network.layers.size(), 0.0);
    for (std::size_t l = network.layers.size(); l-- > 1;) {
        const Layer& layer = network.layers[l];
        const bool activation = layer.as<Activation>() != nullptr;
        if (activation) fan_outs[l] = reached[l];
        double through = reached[l];
        if (has_synapses(layer)) through = nominal_fan_out(layer, shapes[l]);
        if (activation) through = 0;
        for (const std::size_t source : layer.inputs) reached[source] += through;
    }
    return fan_outs;
}

}  // namespace ranvier
