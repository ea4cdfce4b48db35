#include "ranvier/convert/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ranvier {

namespace {

constexpr float smallest = 0x1p-20F;
constexpr float largest = 0x1p20F;
constexpr int mantissa_bits = 23;

std::uint32_t first_bits(int shift) {
    return std::bit_cast<std::uint32_t>(smallest) >> shift;
}

}  // namespace

// The bits of a positive float grow with its value, so their upper part is a bin number whose
// bins divide each octave evenly.
Histogram::Histogram(int bins_per_octave)
    : shift_(mantissa_bits - (std::bit_width(static_cast<unsigned>(bins_per_octave)) - 1)),
      bins_((std::bit_cast<std::uint32_t>(largest) >> shift_) - first_bits(shift_) + 2, 0) {}

void Histogram::add(std::span<const float> values) {
    count_ += values.size();
    for (const float value : values) {
        if (!(value >= smallest)) {
            ++bins_[0];
            continue;
        }
        maximum_ = std::max(maximum_, value);
        const float held = std::min(value, largest);
        ++bins_[(std::bit_cast<std::uint32_t>(held) >> shift_) - first_bits(shift_) + 1];
    }
}

double Histogram::relative_error() const noexcept {
    return 0.5 * std::ldexp(1.0, shift_ - mantissa_bits);
}

double Histogram::value_of_rank(std::uint64_t rank) const {
    if (rank + 1 == count_) return maximum_;
    std::uint64_t below = 0;
    std::size_t bin = 0;
    while (below + bins_[bin] <= rank) below += bins_[bin++];
    if (bin == 0) return 0;
    const auto low =
        std::bit_cast<float>((static_cast<std::uint32_t>(bin - 1) + first_bits(shift_)) << shift_);
    const auto high =
        std::bit_cast<float>((static_cast<std::uint32_t>(bin) + first_bits(shift_)) << shift_);
    return std::min((double{low} + double{high}) / 2, double{maximum_});
}

double Histogram::percentile(double percent) const {
    if (count_ == 0) return 0;
    const double rank = percent / 100 * static_cast<double>(count_ - 1);
    const auto below = static_cast<std::uint64_t>(rank);
    const double fraction = rank - static_cast<double>(below);
    const double low = value_of_rank(below);
    if (fraction == 0) return low;
    return low + fraction * (value_of_rank(below + 1) - low);
}

double exact_percentile(std::vector<float>& values, double percent) {
    if (values.empty()) return 0;
    const double rank = percent / 100 * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(rank);
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(below);
    std::nth_element(values.begin(), at, values.end());
    const double low = *at;
    if (below + 1 == values.size()) return low;
    const double high = *std::min_element(at + 1, values.end());
    return low + (rank - static_cast<double>(below)) * (high - low);
}

}  // namespace ranvier
