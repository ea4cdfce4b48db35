#include "ranvier/recipe/crossbar_result.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/recipe/names.hpp"

#include <algorithm>

namespace ranvier {

namespace {

CrossbarLayerResult layer_on_crossbars(const CrossbarMap& map, std::size_t index,
                                       const LayerResult& counts) {
    const CrossbarLayer& mapped = map.layers[index];
    const CrossbarReads own = crossbar_reads(map, index, counts.synops + counts.macs);
    const CrossbarReads dense = crossbar_reads(map, index, counts.float_macs);
    return {.name = mapped.name,
            .arrays = mapped.arrays,
            .cells = mapped.cells,
            .rows_read = own.rows,
            .cells_read = own.cells,
            .float_rows_read = dense.rows,
            .float_cells_read = dense.cells};
}

}  // namespace

CrossbarResult crossbar_result(const Network& network, const CrossbarOptions& options,
                               std::span<const LayerResult> layers) {
    const CrossbarMap map = map_onto_crossbars(network, options);
    CrossbarResult result{.rows = options.rows,
                          .columns = options.columns,
                          .scheme = name_of(options.scheme),
                          .arrays = map.arrays,
                          .cells = map.cells,
                          .cells_kept = map.cells_kept,
                          .utilization = map.utilization,
                          .layers = {}};
    for (std::size_t k = 0; k < map.layers.size(); ++k) {
        const auto counts = std::ranges::find(layers, map.layers[k].name, &LayerResult::name);
        if (counts == layers.end())
            fail(Fault::internal, "crossbars: nothing was counted for layer {}",
                 map.layers[k].name);
        const CrossbarLayerResult layer = layer_on_crossbars(map, k, *counts);
        result.rows_read += layer.rows_read;
        result.cells_read += layer.cells_read;
        result.float_rows_read += layer.float_rows_read;
        result.float_cells_read += layer.float_cells_read;
        result.layers.push_back(layer);
    }
    return result;
}

}  // namespace ranvier
