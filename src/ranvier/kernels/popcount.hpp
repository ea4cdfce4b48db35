#pragma once

#include <cstddef>
#include <cstdint>

namespace ranvier {

/// Channels whose weight bits lie side by side.
constexpr std::size_t popcount_lanes = 16;

/// Spikes of some steps, as words of 32 bits.
struct PackedSpikes {
    const std::uint32_t* words;  ///< [n_steps][n_words]
    const std::int32_t* totals;  ///< [n_steps] bits that are set
    std::size_t n_words, n_steps;
};

/// Sums of weights +1 and -1 over the inputs that spike, for 16 channels c:
///     out[s][c] = 2 * (bits set in both weights[.][c] and words[s][.]) - totals[s]
/// Exact integers on every instruction set.
/// @param weights  [n_words][16], a bit for each +1. @param out step s at out + s * out_stride.
void and_popcount(const std::uint32_t* weights, const PackedSpikes& spikes, std::int32_t* out,
                  std::size_t out_stride);
void and_popcount_reference(const std::uint32_t* weights, const PackedSpikes& spikes,
                            std::int32_t* out, std::size_t out_stride);

/// For benchmarks: AND, POPCNT, ADD on registers only, as fast as the machine does them.
/// @return bits ANDed (multiply-accumulates) in `n_rounds` rounds; `sink` keeps the work alive.
std::uint64_t popcount_peak(std::size_t n_rounds, std::uint32_t& sink);

}  // namespace ranvier
