#pragma once

#include <cstdint>
#include <span>

namespace ranvier {

/// Which draw of a Poisson input: results depend on these numbers and the pixel's place only, so
/// they are the same on any number of threads, in any batch, in every engine and in training.
struct PoissonDraw {
    std::uint64_t seed = 0;
    std::uint64_t sample = 0;  ///< number in its data set; in training another one each time
    std::uint32_t step = 0;    ///< from 0
};

/// The signed spike of a pixel x in [-1, 1] for a uniform number: sign(x) with probability
/// |x| rate, else 0. A pixel of 0 never spikes (Rathi et al. 2020, their PoissonGenerator).
[[nodiscard]] inline float poisson_spike(float x, float rate, float uniform) noexcept {
    if (x == 0) return 0;
    const float size = x < 0 ? -x : x;
    if (!(uniform <= size * rate)) return 0;
    return x < 0 ? -1.0F : 1.0F;
}

/// One step of an image.
/// @param pixels  normalized, [channels][height][width].
/// @param spikes  -1, 0 or 1, like `pixels`.
void draw_poisson(const PoissonDraw& draw, float rate, std::span<const float> pixels,
                  std::span<float> spikes) noexcept;

}  // namespace ranvier
