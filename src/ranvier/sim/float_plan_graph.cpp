// The steps of the layers that work on a graph: sparse products, which oneDNN does not have.
#include "ranvier/kernels/sparse_rows.hpp"
#include "ranvier/sim/float_plan_builder.hpp"

#include <algorithm>

namespace ranvier {

using Tag = dnnl::memory::format_tag;

namespace {

float* floats(const dnnl::memory& memory) {
    return static_cast<float*>(memory.get_data_handle());
}

/// to = graph, with `factor` for its values, times dense; rows differ much in length.
void multiply(const SparseMatrix& graph, std::span<const float> factor, const float* dense,
              std::int64_t width, float* to) {
    constexpr std::int64_t slice = 64;
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic)
#endif
    for (std::int64_t first = 0; first < graph.n_rows; first += slice)
        gather_rows(graph, factor, dense, static_cast<std::size_t>(width), first,
                    std::min(first + slice, graph.n_rows), to);
}

}  // namespace

void FloatPlanBuilder::operator()(const EdgeValues& op) {
    const Value from = in_format(input_place(), batch_desc(in_shape(), Tag::nchw));
    const Value to = new_value(batch_desc(out_shape(), Tag::nchw));
    steps_.emplace_back([&graph = *op.adjacency.matrix, n = n_, from = from.memory,
                         to = to.memory](const FloatPlan::Run&) {
        for (std::size_t s = 0; s < n; ++s) {
            const float* nodes = floats(from) + s * static_cast<std::size_t>(graph.n_rows);
            float* edges = floats(to) + s * graph.n_entries();
            for (std::size_t e = 0; e < graph.n_entries(); ++e)
                edges[e] = graph.value[e] * nodes[graph.column[e]];
        }
    });
    yield(to);
}

void FloatPlanBuilder::operator()(const NodeEmbedding& op) {
    const Value from = in_format(input_place(), batch_desc(in_shape(), Tag::nchw));
    const Value to = new_value(batch_desc(out_shape(), Tag::nhwc));
    steps_.emplace_back([&op, n = n_, size = static_cast<std::size_t>(out_shape().size()),
                         from = from.memory, to = to.memory](const FloatPlan::Run&) {
        const SparseMatrix& graph = *op.adjacency.matrix;
        for (std::size_t s = 0; s < n; ++s) {
            const std::span edges(floats(from) + s * graph.n_entries(), graph.n_entries());
            multiply(graph, edges, op.weight.values.data(), op.weight.dims[1],
                     floats(to) + s * size);
        }
    });
    yield(to);
}

void FloatPlanBuilder::operator()(const GraphPropagation& op) {
    const Value from = in_format(input_place(), batch_desc(in_shape(), Tag::nhwc));
    const Value to = new_value(batch_desc(out_shape(), Tag::nhwc));
    steps_.emplace_back([&graph = *op.adjacency.matrix, n = n_, width = out_shape().channels,
                         size = static_cast<std::size_t>(out_shape().size()), from = from.memory,
                         to = to.memory](const FloatPlan::Run&) {
        for (std::size_t s = 0; s < n; ++s)
            multiply(graph, graph.value, floats(from) + s * size, width, floats(to) + s * size);
    });
    yield(to);
}

}  // namespace ranvier
