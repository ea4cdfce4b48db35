#include "ranvier/energy/crossbar.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/net/fan_out.hpp"
#include "ranvier/net/shapes.hpp"

#include <algorithm>

namespace ranvier {

namespace {

/// The weights of one group as a matrix: row r of column c is weight[c * n_rows + r].
struct Matrix {
    const float* weight;
    std::uint64_t n_rows, n_columns;
    [[nodiscard]] float at(std::uint64_t row, std::uint64_t column) const {
        return weight[column * n_rows + row];
    }
};

std::uint64_t divided_up(std::uint64_t n, std::uint64_t by) {
    return (n + by - 1) / by;
}

void require_fitting(const Layer& layer, const Tensor& weight, CrossbarScheme scheme) {
    if (scheme != CrossbarScheme::plain) return;
    const auto lowest = std::ranges::min_element(weight.values);
    if (lowest != weight.values.end() && *lowest < 0)
        fail(Fault::unsupported,
             "crossbars: layer '{}' has the weight {}; the plain scheme has no signs, use "
             "dummy_column or differential",
             layer.name, *lowest);
}

/// Adds one group's matrix to a layer.
void place_matrix(const Matrix& matrix, const CrossbarOptions& options, CrossbarLayer& layer) {
    const std::uint64_t rows_each = options.scheme == CrossbarScheme::xnor ? 2 : 1;
    const std::uint64_t columns_each = options.scheme == CrossbarScheme::differential ? 2 : 1;
    const std::uint64_t dummies = options.scheme == CrossbarScheme::dummy_column ? 1 : 0;
    std::uint64_t used_rows = 0;
    std::uint64_t weights = 0;
    for (std::uint64_t r = 0; r < matrix.n_rows; ++r) {
        std::uint64_t in_row = 0;
        for (std::uint64_t c = 0; c < matrix.n_columns; ++c) in_row += matrix.at(r, c) != 0 ? 1 : 0;
        used_rows += in_row > 0 ? 1 : 0;
        weights += in_row;
    }
    const std::uint64_t rows = used_rows * rows_each;
    const std::uint64_t columns = matrix.n_columns * columns_each;
    const std::uint64_t across =
        divided_up(columns, static_cast<std::uint64_t>(options.columns) - dummies);
    layer.rows += rows;
    layer.rows_left_out += matrix.n_rows * rows_each - rows;
    layer.columns = columns;
    layer.arrays += divided_up(rows, static_cast<std::uint64_t>(options.rows)) * across;
    layer.cells += rows * (columns + across * dummies);
    layer.cells_kept += weights * rows_each * columns_each + rows * across * dummies;
}

struct Weights {
    const Tensor* tensor = nullptr;
    const WeightFormat* format = nullptr;
    std::uint64_t groups = 1;
};

Weights weights_of(const Layer& layer) {
    if (const auto* linear = layer.as<Linear>()) return {&linear->weight, &linear->format, 1};
    if (const auto* convolution = layer.as<Convolution>())
        return {&convolution->weight, &convolution->format,
                static_cast<std::uint64_t>(convolution->groups)};
    if (has_synapses(layer))
        fail(Fault::unsupported, "crossbars: layer '{}' works on a graph, which is not mapped",
             layer.name);
    return {};
}

CrossbarLayer place_layer(const Layer& layer, const Weights& weights, const Shape& out,
                          CrossbarOptions options) {
    if (weights.format->kind != WeightKind::binary && options.scheme == CrossbarScheme::xnor)
        options.scheme = CrossbarScheme::differential;
    require_fitting(layer, *weights.tensor, options.scheme);
    CrossbarLayer placed;
    placed.name = layer.name;
    placed.scheme = options.scheme;
    const auto n_out = static_cast<std::uint64_t>(weights.tensor->dims[0]);
    const std::uint64_t columns = n_out / weights.groups;
    const std::uint64_t rows = weights.tensor->size() / n_out;
    for (std::uint64_t g = 0; g < weights.groups; ++g)
        place_matrix({weights.tensor->values.data() + g * columns * rows, rows, columns}, options,
                     placed);
    placed.windows = static_cast<std::uint64_t>(out.plane());
    placed.rows_per_spike = nominal_fan_out(layer, out) / static_cast<double>(columns);
    return placed;
}

double share_used(std::uint64_t cells, std::uint64_t arrays, const CrossbarOptions& options) {
    const double all = static_cast<double>(arrays) * options.rows * options.columns;
    return all > 0 ? static_cast<double>(cells) / all : 0;
}

}  // namespace

CrossbarOptions crossbar_options(const std::string& text, CrossbarScheme scheme) {
    CrossbarOptions options{0, 0, scheme};
    char rest = 0;
    if (std::sscanf(text.c_str(), "%6dx%6d%c", &options.rows, &options.columns, &rest) != 2)
        fail(Fault::usage, "crossbar is '{}'; expected ROWSxCOLUMNS, for instance 128x128", text);
    return options;
}

CrossbarMap map_onto_crossbars(const Network& network, const CrossbarOptions& options) {
    for (const int size : {options.rows, options.columns})
        if (size < 2 || size > 1 << 20)
            fail(Fault::bad_input, "crossbars: {} x {} cells; both must be in [2, {}]",
                 options.rows, options.columns, 1 << 20);
    CrossbarMap map{options, {}, 0, 0, 0, 0};
    const std::vector<Shape> shapes = infer_shapes(network);
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
        const Weights weights = weights_of(network.layers[l]);
        if (weights.tensor == nullptr) continue;
        CrossbarLayer layer = place_layer(network.layers[l], weights, shapes[l], options);
        layer.utilization = share_used(layer.cells, layer.arrays, options);
        map.arrays += layer.arrays;
        map.cells += layer.cells;
        map.cells_kept += layer.cells_kept;
        map.layers.push_back(std::move(layer));
    }
    map.utilization = share_used(map.cells, map.arrays, options);
    return map;
}

CrossbarReads crossbar_reads(const CrossbarMap& map, std::size_t index, double operations) {
    const CrossbarLayer& layer = map.layers[index];
    if (layer.rows == 0) return {};
    const double cells_per_row =
        static_cast<double>(layer.cells_kept) / static_cast<double>(layer.rows);
    CrossbarReads reads;
    if (layer.scheme == CrossbarScheme::xnor) {
        reads.rows = static_cast<double>(layer.rows) / 2 * static_cast<double>(layer.windows);
    } else {
        const std::uint64_t columns_each = layer.scheme == CrossbarScheme::differential ? 2 : 1;
        // Spikes are taken as spread evenly over all rows, also those that are left out.
        const double mapped =
            static_cast<double>(layer.rows) / static_cast<double>(layer.rows + layer.rows_left_out);
        reads.rows = mapped * operations * static_cast<double>(columns_each) /
                     static_cast<double>(layer.columns);
    }
    reads.cells = reads.rows * cells_per_row;
    return reads;
}

}  // namespace ranvier
