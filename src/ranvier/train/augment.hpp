#pragma once

#include "ranvier/base/shape.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace ranvier {

/// Which random changes training images may undergo.
struct Augmentation {
    int shift = 0;      ///< by up to so many pixels up, down, left and right; freed pixels are 0
    bool flip = false;  ///< left-right, every second time
};

/// One change: the shift first, then the flip.
struct Displacement {
    int down = 0;   ///< pixels; negative: up
    int right = 0;  ///< pixels; negative: left
    bool flip = false;
};

/// The change that sample `index` undergoes in `epoch`: a function of its arguments alone, so that
/// neither threads nor batches nor a resume can alter it.
[[nodiscard]] Displacement draw_displacement(const Augmentation& augmentation, std::uint64_t seed,
                                             std::uint64_t epoch, std::size_t index);

/// Applies a change to an image [channels][height][width] of pixels, in place.
void displace(const Shape& shape, const Displacement& change, std::span<float> pixels);

}  // namespace ranvier
