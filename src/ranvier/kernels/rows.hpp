#pragma once

#include "ranvier/kernels/row_lists.hpp"

#include <cstddef>
#include <cstdint>

namespace ranvier {

// Sums of rows of float weights: what arrives at a block of neurons that lie side by side when some
// of their inputs spike. Every function has one result, bit for bit, on every instruction set: each
// output has its own chain of additions, in the order of the list.

/// The smallest of 16, 32 and 64 that holds `n`, or 64: outputs of a block.
[[nodiscard]] constexpr std::size_t row_width(std::size_t n) {
    return n <= 16 ? 16 : n <= 32 ? 32 : 64;
}

/// out[l][c] += value * weights[row][c] for each row of list l; multiplied and added, not fused.
/// @param weights  [n_rows][width]. @param width 16, 32, 64 or 128. @param out
/// [lists.n][width].
/// @param start  [width] or null; out[l] begins with it instead of what is there.
void add_rows(const float* weights, std::size_t width, const RowLists& lists, const float* start,
              float* out);
void add_rows_reference(const float* weights, std::size_t width, const RowLists& lists,
                        const float* start, float* out);

/// Dense counterpart of add_rows for several steps at once, where most inputs spike:
///     out[s][c] += factors[r][s] * rows[r][c]   for r = 0, 1, ...
/// with factors 0 or 1, so that the sums are those of add_rows (a product with 0 or 1 is exact).
/// @param factors  [n_rows][n_steps]. @param out [n_steps][width]. @param n_steps at most 4.
void add_dense_rows(const float* rows, std::size_t n_rows, const float* factors,
                    std::size_t n_steps, std::size_t width, float* out);
void add_dense_rows_reference(const float* rows, std::size_t n_rows, const float* factors,
                              std::size_t n_steps, std::size_t width, float* out);

/// For benchmarks: adds `n` floats from memory, one behind the other, into eight vectors,
/// `n_rounds` times: the most additions per second that a cache of that size feeds.
/// @param n  a multiple of 128. @param out [16] keeps the work alive. @return additions done.
std::uint64_t add_peak(const float* values, std::size_t n, std::size_t n_rounds, float* out);

}  // namespace ranvier
