#include "ranvier/stdp/prune.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/random.hpp"

#include <algorithm>
#include <cmath>

namespace ranvier {

namespace {

constexpr std::uint64_t device_stream = ~std::uint64_t{1};  ///< no showing has this one

/// The nearest of evenly spaced levels.
float nearest_level(float w, const std::vector<float>& levels) {
    const float gap = (levels.back() - levels.front()) / static_cast<float>(levels.size() - 1);
    const float number = std::round((w - levels.front()) / gap);
    return levels[static_cast<std::size_t>(
        std::clamp(number, 0.0F, static_cast<float>(levels.size() - 1)))];
}

void prune_neuron(StdpModel& model, const PruneOptions& options, const std::vector<float>& levels,
                  bool forever, std::size_t neuron) {
    for (std::size_t i = 0; i < model.n_inputs(); ++i) {
        float& w = model.weights.at(i, neuron);
        if (!model.alive.at(i, neuron)) continue;
        if (w >= options.threshold) {
            if (!levels.empty()) w = nearest_level(w, levels);
            continue;
        }
        w = 0;
        if (!forever) continue;
        model.alive.remove(i, neuron);
        --model.fan_out[i];
    }
}

}  // namespace

void require_usable(const PruneOptions& options, float w_max) {
    if (options.interval == 0)
        fail(Fault::bad_input, "stdp: prune_every is 0; it must be at least 1 (training images)");
    if (!std::isfinite(options.threshold))
        fail(Fault::bad_input, "stdp: prune_below is {}; it must be a number", options.threshold);
    if (options.kind == PruneKind::none) return;
    if (!(options.threshold > 0 && options.threshold < w_max))
        fail(Fault::bad_input, "stdp: prune_below is {}; it must be above 0 and below w_max, {}",
             options.threshold, w_max);
    if (options.levels != 0 && (options.levels < 2 || options.levels > 65536))
        fail(Fault::bad_input,
             "stdp: levels is {}; it must be 0 (any weight) or in [2, 65536]: the lowest is "
             "prune_below, the highest w_max",
             options.levels);
}

std::vector<float> conductance_levels(const PruneOptions& options, float w_max) {
    std::vector<float> levels;
    for (int k = 0; k < options.levels; ++k)
        levels.push_back(options.threshold + (w_max - options.threshold) * static_cast<float>(k) /
                                                 static_cast<float>(options.levels - 1));
    return levels;
}

void prune(StdpModel& model, const PruneOptions& options, bool last) {
    if (options.kind == PruneKind::none) return;
    require_usable(options, model.options.law.w_max);
    const std::vector<float> levels = conductance_levels(options, model.options.law.w_max);
    const bool forever = last || options.kind == PruneKind::permanent;
    for (std::size_t j = 0; j < model.n_neurons(); ++j)
        if (last || model.updates[j] >= static_cast<std::uint32_t>(options.mature_spikes))
            prune_neuron(model, options, levels, forever, j);
}

void require_usable_sigma(float sigma) {
    if (!(sigma >= 0 && sigma <= 1000))
        fail(Fault::bad_input, "stdp: device_sigma is {}; allowed is 0 to 1000, relative", sigma);
}

void vary_devices(StdpModel& model, float sigma, std::uint64_t seed) {
    require_usable_sigma(sigma);
    Random random(seed, device_stream);
    for (std::size_t j = 0; j < model.n_neurons(); ++j)
        for (std::size_t i = 0; i < model.n_inputs(); ++i) {
            const float factor =
                1.0F + sigma * random.normal();  // drawn for all: one per crosspoint
            float& w = model.weights.at(i, j);
            w = std::max(w * factor, 0.0F);
        }
}

}  // namespace ranvier
