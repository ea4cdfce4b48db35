#pragma once

#include "ranvier/base/sparse_matrix.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace ranvier {

/// Sparse times dense, for the rows [first, last) of `graph`: to[r] = sum over the entries e of row
/// r of factor[e] * dense[column of e]; factors of 0 cost nothing.
/// @param factor  [n_entries], usually graph.value.
/// @param dense   [n_columns][width]. @param to  [n_rows][width]; only these rows are written.
void gather_rows(const SparseMatrix& graph, std::span<const float> factor, const float* dense,
                 std::size_t width, std::int64_t first, std::int64_t last, float* to);

}  // namespace ranvier
