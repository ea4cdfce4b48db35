#pragma once

#include "ranvier/net/network.hpp"

#include <cstdint>
#include <vector>

namespace ranvier {

/// All that a pixel sends over the phases of the code.
struct PhaseInput {
    float value = 0;  ///< what its spikes are worth together, before normalization
    int spikes = 0;
};

/// Turns pixels in [0, 1] into spikes of phases 1 ... T.
///
/// binary_phase: the T binary digits (31 at most) of the nearest value, several spikes; the spike
/// of phase k is worth 2^-k. one_spike_phase: one spike by the code of the hidden layers, for a
/// neuron with peak 1 and with threshold shift; it is worth base^-k, so that pixels above 1/base
/// saturate there, as in hidden layers, and those below the last phase's threshold send nothing.
class PixelEncoder {
public:
    /// @param timing  its input coding is not direct.
    explicit PixelEncoder(const Timing& timing);

    /// The spikes of a pixel, for fires() and total(): its binary digits, or its phase (0: none).
    [[nodiscard]] std::uint32_t encode(float pixel) const noexcept;
    /// @param phase  1 ... T.
    [[nodiscard]] bool fires(std::uint32_t code, int phase) const noexcept;
    /// What a spike of `phase` (1 ... T) is worth.
    [[nodiscard]] float worth(int phase) const noexcept {
        return worth_[static_cast<std::size_t>(phase - 1)];
    }
    /// The sum over all phases.
    [[nodiscard]] PhaseInput total(std::uint32_t code) const noexcept;

private:
    bool binary_;
    int digits_;                    ///< binary
    double scale_;                  ///< 2^digits
    float unit_;                    ///< 2^-digits
    std::vector<float> threshold_;  ///< [T] one spike
    std::vector<float> worth_;      ///< [T]
};

}  // namespace ranvier
