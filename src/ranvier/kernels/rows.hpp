#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ranvier {

// Sums of weight rows: what arrives at a block of neurons that lie side by side when a list of
// inputs spikes. Every function has one result, bit for bit, on every instruction set: each output
// has its own chain of additions, in the order of the list.

/// Outputs that one call serves: 16, 32 or 64. The smallest of these that holds `n`, or 64.
[[nodiscard]] constexpr std::size_t row_width(std::size_t n) {
    return n <= 16 ? 16 : n <= 32 ? 32 : 64;
}

/// The rows that add up to one block of outputs, in order.
struct RowList {
    const std::uint16_t* rows;  ///< [n] row numbers
    std::size_t n;
    const float* values = nullptr;  ///< [n] worth of each; null: 1
};

/// out[l][c] += value * weights[row][c] for each row of list l; multiplied and added, not fused.
/// @param weights  [n_rows][width]. @param width 16, 32 or 64. @param out [lists.size()][width].
void add_rows(const float* weights, std::size_t width, std::span<const RowList> lists, float* out);
void add_rows_reference(const float* weights, std::size_t width, std::span<const RowList> lists,
                        float* out);

/// out[l][c] += sum of weights[row][c]; values are not looked at.
/// @param largest  no |weight| is larger; at most 127.
void sum_rows(const std::int8_t* weights, std::size_t width, int largest,
              std::span<const RowList> lists, std::int32_t* out);
void sum_rows_reference(const std::int8_t* weights, std::size_t width,
                        std::span<const RowList> lists, std::int32_t* out);
/// The same integers in 16 bits: twice the memory, and nothing to widen before adding.
void sum_rows(const std::int16_t* weights, std::size_t width, int largest,
              std::span<const RowList> lists, std::int32_t* out);

/// out[l][c] = sums[l][c] * scale[c] + bias[c], rounded after each of the two.
void scale_sums(const std::int32_t* sums, const float* scale, const float* bias, std::size_t width,
                std::size_t n_lists, float* out);

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
