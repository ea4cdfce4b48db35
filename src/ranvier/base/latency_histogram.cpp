#include "ranvier/base/latency_histogram.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace ranvier {

namespace {

constexpr double shortest = 0.01;    ///< microseconds; everything shorter is in the first class
constexpr double ratio = 1.01;       ///< of a class's end to its begin
constexpr double last_class = 2700;  ///< begins after more than an hour

}  // namespace

void LatencyHistogram::add(double microseconds) {
    const double k = std::log(std::max(microseconds, shortest) / shortest) / std::log(ratio);
    const auto index = static_cast<std::size_t>(std::clamp(k, 0.0, last_class));
    if (counts_.size() <= index) counts_.resize(index + 1);
    ++counts_[index];
    ++n_;
    total_ += microseconds;
    max_ = std::max(max_, microseconds);
}

double LatencyHistogram::mean_us() const noexcept {
    return n_ == 0 ? 0 : total_ / static_cast<double>(n_);
}

double LatencyHistogram::percentile_us(double fraction) const {
    const auto rank = static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(n_)));
    std::uint64_t n = 0;
    for (std::size_t k = 0; k < counts_.size(); ++k) {
        n += counts_[k];
        // The middle of the class; nothing is longer than the longest.
        if (n >= rank && n > 0)
            return std::min(max_, shortest * std::pow(ratio, static_cast<double>(k) + 0.5));
    }
    return max_;
}

}  // namespace ranvier
