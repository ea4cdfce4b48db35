#include "ranvier/convert/code_fit.hpp"

#include "ranvier/sim/neuron_step.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ranvier {

UnitCode::UnitCode(double base, int steps, bool threshold_shift) {
    for (int phase = 1; phase <= steps; ++phase) {
        threshold.push_back(one_spike_threshold(base, phase, threshold_shift));
        worth.push_back(one_spike_worth(base, phase));
    }
}

CodeSamples::CodeSamples(const std::vector<float>& membrane, const std::vector<float>& wanted) {
    std::vector<std::size_t> order(membrane.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return membrane[a] < membrane[b]; });
    wanted_sum_.push_back(0);
    for (const std::size_t i : order) {
        membrane_.push_back(membrane[i]);
        wanted_sum_.push_back(wanted_sum_.back() + wanted[i]);
        wanted_squares_ += double{wanted[i]} * wanted[i];
        largest_wanted_ = std::max(largest_wanted_, wanted[i]);
    }
}

CodeFit CodeSamples::with_threshold(const UnitCode& code, float threshold) const {
    // Emitted = amplitude * worth. With the samples sorted by membrane, each phase's neurons lie
    // side by side, and sums over them are differences of running sums.
    double worth_squares = 0;
    double worth_wanted = 0;
    auto end = membrane_.end();
    for (std::size_t k = 0; k < code.threshold.size(); ++k) {
        const auto begin = std::lower_bound(membrane_.begin(), end,
                                            static_cast<float>(code.threshold[k] * threshold));
        const auto first = static_cast<std::size_t>(begin - membrane_.begin());
        const auto last = static_cast<std::size_t>(end - membrane_.begin());
        worth_squares += code.worth[k] * code.worth[k] * static_cast<double>(last - first);
        worth_wanted += code.worth[k] * (wanted_sum_[last] - wanted_sum_[first]);
        end = begin;
    }
    // Nothing fires, or only what should be silent: no positive amplitude is best.
    if (!(worth_wanted > 0))
        return {threshold, threshold,
                wanted_squares_ + double{threshold} * double{threshold} * worth_squares};
    const double amplitude = worth_wanted / worth_squares;
    return {threshold, static_cast<float>(amplitude),
            std::max(0.0, wanted_squares_ - amplitude * worth_wanted)};
}

CodeFit CodeSamples::search(const UnitCode& code, float otherwise, double lowest, double highest,
                            int n_candidates) const {
    if (!(largest_wanted_ > 0)) return {otherwise, otherwise, wanted_squares_};
    const double ratio = std::pow(highest / lowest, 1.0 / std::max(1, n_candidates - 1));
    CodeFit best;
    double factor = lowest;
    for (int k = 0; k < n_candidates; ++k, factor *= ratio) {
        const CodeFit fit =
            with_threshold(code, static_cast<float>(factor * double{largest_wanted_}));
        if (k == 0 || fit.error < best.error) best = fit;
    }
    return best;
}

}  // namespace ranvier
