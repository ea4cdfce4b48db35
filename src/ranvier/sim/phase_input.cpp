#include "ranvier/sim/phase_input.hpp"

#include "ranvier/sim/neuron_step.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ranvier {

// T may exceed what 32 bits hold, but float pixels have only 24 digits.
PixelEncoder::PixelEncoder(const Timing& timing)
    : binary_(timing.input == InputCoding::binary_phase),
      digits_(std::min(timing.steps, 31)),
      scale_(std::ldexp(1.0, digits_)),
      unit_(std::ldexp(1.0F, -digits_)) {
    const double base = binary_ ? 2.0 : double{timing.input_base};
    for (int phase = 1; phase <= timing.steps; ++phase) {
        worth_.push_back(one_spike_worth(base, phase));
        threshold_.push_back(static_cast<float>(one_spike_threshold(base, phase, true)));
    }
}

std::uint32_t PixelEncoder::encode(float pixel) const noexcept {
    if (binary_) {
        return static_cast<std::uint32_t>(
            std::clamp(std::nearbyint(pixel * scale_), 0.0, scale_ - 1));
    }
    for (std::size_t k = 0; k < threshold_.size(); ++k)
        if (pixel >= threshold_[k]) return static_cast<std::uint32_t>(k + 1);
    return 0;
}

bool PixelEncoder::fires(std::uint32_t code, int phase) const noexcept {
    if (!binary_) return code == static_cast<std::uint32_t>(phase);
    return phase <= digits_ && ((code >> (digits_ - phase)) & 1U) != 0;
}

PhaseInput PixelEncoder::total(std::uint32_t code) const noexcept {
    if (binary_) return {static_cast<float>(code) * unit_, std::popcount(code)};  // exact
    if (code == 0) return {};
    return {worth(static_cast<int>(code)), 1};
}

}  // namespace ranvier
