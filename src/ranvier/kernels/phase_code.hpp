#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ranvier {

/// The code of one one_spike layer: phase k (from 1) is taken if the membrane, divided by the
/// neuron's threshold, reaches threshold[k - 1], and no earlier phase was; its spike is then worth
/// worth[k - 1] times the neuron's amplitude. Both fall from phase to phase.
struct PhaseCode {
    std::span<const float> threshold;  ///< [T]
    std::span<const float> worth;      ///< [T]
};

/// What a neuron that has received all its input emits in all its phases together, if its membrane
/// is `u` times its threshold: plain and scalar, the judge of encode_phases.
inline float encode_phase(const PhaseCode& code, float u) noexcept {
    for (std::size_t k = 0; k < code.threshold.size(); ++k)
        if (u >= code.threshold[k]) return code.worth[k];
    return 0;
}

/// values[i] <- encode_phase(code, values[i] / threshold[i]) * amplitude[i], and counts[i] grows by
/// one where that is a spike. Vectorized for the CPU at hand; the result is the same on all.
void encode_phases(const PhaseCode& code, std::span<const float> threshold,
                   std::span<const float> amplitude, std::span<float> values,
                   std::span<std::uint32_t> counts);

/// counts[i] grows by one where values[i] is not 0.
void count_nonzero(std::span<const float> values, std::span<std::uint32_t> counts);

}  // namespace ranvier
