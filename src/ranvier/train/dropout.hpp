#pragma once

#include <cstdint>
#include <span>

namespace ranvier {

/// Which mask: the seed of the training, the iteration, and the layer's index.
struct DropoutMask {
    std::uint64_t seed = 0;
    std::uint64_t iteration = 0;  ///< from the beginning of training
    std::uint64_t layer = 0;      ///< below 2^24
    std::uint64_t begin = 0;      ///< element of the layer's whole mask that is the first here
};

/// Fills `mask` with 0 (with `probability`) and 1 / (1 - probability), so that the expected value
/// of what passes is unchanged. A function of its arguments alone: no generator keeps state.
void fill_dropout_mask(float probability, const DropoutMask& which, std::span<float> mask);

}  // namespace ranvier
