#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ranvier {

/// Streaming distribution of activations (>= 0; anything else counts as 0), for percentiles.
///
/// Each power of two between 2^-20 and 2^20 is divided into `bins_per_octave` equal bins; a value
/// read back is off by at most half a bin, a relative error of 0.5 / bins_per_octave. Values below
/// 2^-20 count as 0, the maximum is exact, and nothing read back exceeds it. Memory: 41 * 8 bytes *
/// bins_per_octave, however many values are added.
class Histogram {
public:
    /// @param bins_per_octave  a power of two, at most 2^16.
    explicit Histogram(int bins_per_octave);

    void add(std::span<const float> values);
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    [[nodiscard]] float maximum() const noexcept { return maximum_; }
    /// @param percent  in [0, 100]; interpolates linearly between neighbours in rank
    ///                 percent/100 * (count - 1), as NumPy does by default. 0 if nothing was added.
    [[nodiscard]] double percentile(double percent) const;
    [[nodiscard]] double relative_error() const noexcept;

private:
    [[nodiscard]] double value_of_rank(std::uint64_t rank) const;

    int shift_;                        ///< float bits below a bin
    std::vector<std::uint64_t> bins_;  ///< [0]: zeros
    std::uint64_t count_ = 0;
    float maximum_ = 0;
};

/// The same percentile of values that are all at hand; sorts them partly.
[[nodiscard]] double exact_percentile(std::vector<float>& values, double percent);

}  // namespace ranvier
