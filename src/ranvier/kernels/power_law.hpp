#pragma once

#include <cstddef>
#include <cstdint>

namespace ranvier {

/// What a postsynaptic spike does to a synapse of weight w whose input has the trace chi:
///
///     w <- w + rate (chi - offset) (w_max - w)^mu, kept within [0, w_max]
///
/// @see Diehl & Cook 2015, doi:10.3389/fncom.2015.00099, equation 3.
struct PowerLaw {
    float rate = 0.01F;   ///< eta, per spike
    float offset = 0.4F;  ///< trace below which a synapse weakens, of 1
    float w_max = 1;      ///< largest weight
    float mu = 0.2F;      ///< exponent of the distance to w_max, in [0, 3]
};

/// Updates the synapses of one neuron. Where bit i % 64 of alive[i / 64] is 0, w[i] stays. Same
/// result on every instruction set.
/// @param w, trace  [n], w in [0, w_max].
void power_law_update(const PowerLaw& law, const float* trace, const std::uint64_t* alive,
                      std::size_t n, float* w);
void power_law_update_reference(const PowerLaw& law, const float* trace, const std::uint64_t* alive,
                                std::size_t n, float* w);

/// x^mu as the update computes it, within 1e-6 of the true value, relative; 0 for x <= 1e-12 unless
/// mu is 0. @param x in [0, 1e12].
[[nodiscard]] float power_of(float x, float mu);

}  // namespace ranvier
