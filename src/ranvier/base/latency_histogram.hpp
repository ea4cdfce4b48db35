#pragma once

#include <cstdint>
#include <vector>

namespace ranvier {

/// Times of something that happens any number of times, in memory that does not grow with it:
/// counted in classes each 1 % wider than the one before, from 10 ns to more than an hour.
class LatencyHistogram {
public:
    /// @param microseconds  >= 0.
    void add(double microseconds);

    [[nodiscard]] std::uint64_t n() const noexcept { return n_; }
    /// Exact; 0 if there are no times.
    [[nodiscard]] double mean_us() const noexcept;
    [[nodiscard]] double max_us() const noexcept { return max_; }
    [[nodiscard]] double total_us() const noexcept { return total_; }
    /// The least time that at least this fraction of the times does not exceed (nearest rank), to
    /// within half a percent; 0 if there are no times.
    /// @param fraction  in (0, 1]: 0.5 is the median.
    [[nodiscard]] double percentile_us(double fraction) const;

private:
    std::vector<std::uint64_t> counts_;  ///< [class] up to the longest time so far
    std::uint64_t n_ = 0;
    double total_ = 0, max_ = 0;
};

}  // namespace ranvier
