#pragma once

#include "ranvier/kernels/row_lists.hpp"

#include <cstddef>
#include <cstdint>

namespace ranvier {

// Sums of rows of integral weights: the exact counterpart of kernels/rows.hpp.

/// What becomes of the integer sums of a block of outputs.
struct RowSums {
    const std::int32_t* start = nullptr;  ///< [n][width] added to the sums; null: 0
    std::int32_t* sums = nullptr;         ///< [n][width] takes them; may be `start`
    float* scaled = nullptr;              ///< [n][width] takes sum * scale + bias instead
    const float* scale = nullptr;         ///< [width]
    const float* bias = nullptr;          ///< [width]
};

/// sum[l][c] = start[l][c] + sum of weights[row][c]; values of the lists are not looked at.
/// Scaled sums are rounded after the product and after the sum.
/// @param width  16, 32, 64 or 128. @param largest no |weight| is larger; at most 127.
void sum_rows(const std::int8_t* weights, std::size_t width, int largest, const RowLists& lists,
              const RowSums& sums);
void sum_rows_reference(const std::int8_t* weights, std::size_t width, const RowLists& lists,
                        const RowSums& sums);

/// out[l][c] = sums[l][c] * scale[c] + bias[c], rounded after each of the two.
/// @param width  a multiple of 16.
void scale_sums(const std::int32_t* sums, const float* scale, const float* bias, std::size_t width,
                std::size_t n_lists, float* out);

}  // namespace ranvier
