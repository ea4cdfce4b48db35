#pragma once

#include "ranvier/base/random.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace ranvier {

inline constexpr std::size_t digit_side = 28;  ///< pixels
inline constexpr std::size_t digit_pixels = digit_side * digit_side;

/// Draws `digit` (0..9) as if written by hand: one of its skeletons with shaken points, bent,
/// slanted, turned, scaled and put somewhere in the frame; by a pen of random width and strength,
/// blurred, on noisy paper that sometimes carries a stray stroke. Everything comes from `random`.
///
/// @param pixels  [28][28], 0 is paper, 255 the strongest ink.
/// @note About 20 us.
void draw_digit(int digit, Random& random, std::span<std::uint8_t, digit_pixels> pixels);

}  // namespace ranvier
