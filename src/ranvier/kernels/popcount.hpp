#pragma once

#include <cstddef>
#include <cstdint>

namespace ranvier {

/// Channels whose weight bits lie side by side.
constexpr std::size_t popcount_lanes = 16;

/// For binary weights and spikes: out[s][c] = number of bits that are set in both
/// weights[.][c] and spikes[s][.], over n_words words of 32 bits, for 16 channels c.
/// Exact integers on every instruction set.
/// @param weights  [n_words][16]. @param spikes [n_steps][n_words].
/// @param out      step s at out + s * out_stride.
void and_popcount(const std::uint32_t* weights, const std::uint32_t* spikes, std::size_t n_words,
                  std::size_t n_steps, std::int32_t* out, std::size_t out_stride);
void and_popcount_reference(const std::uint32_t* weights, const std::uint32_t* spikes,
                            std::size_t n_words, std::size_t n_steps, std::int32_t* out,
                            std::size_t out_stride);

/// For benchmarks: AND, POPCNT, ADD on registers only, as fast as the machine does them.
/// @return bits ANDed (multiply-accumulates) in `n_rounds` rounds; `sink` keeps the work alive.
std::uint64_t popcount_peak(std::size_t n_rounds, std::uint32_t& sink);

}  // namespace ranvier
