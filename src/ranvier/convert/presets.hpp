#pragma once

#include "ranvier/convert/convert.hpp"

#include <cstddef>

namespace ranvier {

/// The conversions that three papers fine-tune from.
enum class ConvertPreset {
    none,
    hybrid,  ///< Rathi et al. 2020: Poisson input, N2, largest current of 1000 steps, times 0.7
    diet,    ///< Rathi and Roy 2020: direct input, N3, percentile 99.7 of 100 steps, times 0.2
    iir,     ///< Chowdhury et al. 2021: direct input, N3, percentile 90 of 500 steps
};

/// `options` with all that the preset says; the rest stays. Scale and steps of DIET are those for 5
/// timesteps (0.3 for 20). What differs from the authors' programs is listed in docs/methods.md.
[[nodiscard]] ConvertOptions with_preset(ConvertOptions options, ConvertPreset preset);

/// On how many samples a conversion is calibrated that does not say it: the papers' batch of 512,
/// without a preset 1000.
[[nodiscard]] std::size_t calibration_samples(ConvertPreset preset);

}  // namespace ranvier
