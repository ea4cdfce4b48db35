#pragma once

#include <cstddef>
#include <vector>

namespace ranvier {

/// Threshold and amplitude of one-spike neurons, and how well they serve.
struct CodeFit {
    float threshold = 1;
    float amplitude = 1;
    double error = 0;  ///< sum over the samples of (emitted - wanted)^2
};

/// The code of a layer without its scale: phase k + 1 is taken at membrane / threshold >=
/// threshold[k], and is worth worth[k] * amplitude.
struct UnitCode {
    UnitCode(double base, int steps, bool threshold_shift);
    std::vector<double> threshold, worth;  ///< [steps]
};

/// Pairs of what a channel's neurons have in their membranes and what they should emit.
class CodeSamples {
public:
    /// @param membrane, wanted  as many of each. The sign of `wanted` is up to the caller: a
    ///                          float network's activation is >= 0.
    CodeSamples(const std::vector<float>& membrane, const std::vector<float>& wanted);

    [[nodiscard]] std::size_t size() const noexcept { return membrane_.size(); }
    /// The amplitude with the least squared error for this threshold, exactly: emitted values are
    /// the amplitude times fixed worths. The threshold itself if nothing fires.
    [[nodiscard]] CodeFit with_threshold(const UnitCode& code, float threshold) const;
    /// The best threshold among `n_candidates` in geometric steps over [lowest, highest] * the
    /// largest wanted value, with its best amplitude. `otherwise` if nothing is wanted.
    [[nodiscard]] CodeFit search(const UnitCode& code, float otherwise, double lowest = 0.1,
                                 double highest = 2.5, int n_candidates = 120) const;

private:
    std::vector<float> membrane_;  ///< ascending
    /// [size + 1] sums of the first k wanted values in that order, and of all their squares
    std::vector<double> wanted_sum_;
    double wanted_squares_ = 0;
    float largest_wanted_ = 0;
};

}  // namespace ranvier
