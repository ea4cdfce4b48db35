#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ranvier {

// Sums of weight rows: what arrives at a block of neurons that lie side by side when a list of
// inputs spikes. Every function has one result, bit for bit, on every instruction set: each output
// has its own chain of additions, in the order of the segments and of their events.

/// Outputs that one call serves: 16, 32 or 64. The smallest of these that holds `n`, or 64.
[[nodiscard]] constexpr std::size_t row_width(std::size_t n) {
    return n <= 16 ? 16 : n <= 32 ? 32 : 64;
}

/// Inputs that spike, and where their weights are.
template <typename T>
struct RowSegment {
    const std::uint16_t* events;  ///< [n] row numbers
    std::size_t n;
    const T* rows;                  ///< row r is [width] at rows + r * width
    const float* values = nullptr;  ///< [n] worth of each event; null: 1 (float only)
};

/// out[c] += value * row[c], event by event; multiplied and added, not fused.
/// @param out  [width], 16, 32 or 64 of them.
void add_rows(std::span<const RowSegment<float>> segments, std::span<float> out);
void add_rows_reference(std::span<const RowSegment<float>> segments, std::span<float> out);

/// out[c] = sum of rows. @param largest  no |entry| is larger; at most 127.
void sum_rows(std::span<const RowSegment<std::int8_t>> segments, int largest,
              std::span<std::int32_t> out);
void sum_rows_reference(std::span<const RowSegment<std::int8_t>> segments,
                        std::span<std::int32_t> out);

/// Dense counterpart of add_rows for several steps at once, where most inputs spike:
///     out[s][c] += factors[r][s] * rows[r][c]   for r = 0, 1, ...
/// with factors 0 or 1, so that the sums are those of add_rows (a product with 0 or 1 is exact).
/// @param factors  [n_rows][n_steps]. @param out [n_steps][width]. @param n_steps at most 4.
void add_dense_rows(const float* rows, std::size_t n_rows, const float* factors,
                    std::size_t n_steps, std::size_t width, float* out);
void add_dense_rows_reference(const float* rows, std::size_t n_rows, const float* factors,
                              std::size_t n_steps, std::size_t width, float* out);

}  // namespace ranvier
