#pragma once

#include "ranvier/kernels/row_lists.hpp"

#include <cstddef>
#include <cstdint>

namespace ranvier {

/// Sums of rows of weights +1 and -1, a bit for each, set for +1:
///     out[l][c] = (2 * (rows of list l that have bit c) - rows of list l) * scale[c] + bias[c]
/// rounded after the product and after the sum; the integers are exact. Hundreds of outputs are
/// counted at once, one bit of their counters per vector, by carry-save adders.
/// @param bits   [n_rows][width / 64]; one row, all zeros, is for padding.
/// @param width  64, 128, 256 or 512.
/// @param lists  at most 65535 rows each, followed by 15 numbers of the row of zeros.
/// @param scale  [width]. @param bias [width]. @param out [lists.n][width].
void sum_bit_rows(const std::uint64_t* bits, std::size_t width, const RowLists& lists,
                  const float* scale, const float* bias, float* out);
void sum_bit_rows_reference(const std::uint64_t* bits, std::size_t width, const RowLists& lists,
                            const float* scale, const float* bias, float* out);

}  // namespace ranvier
