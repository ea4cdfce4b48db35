#include "ranvier/train/spike_watch.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace ranvier {

SpikeWatch::SpikeWatch(std::size_t n_layers, std::size_t patience)
    : patience_(patience), silent_batches_(n_layers) {}

std::optional<std::size_t> SpikeWatch::add(const std::vector<std::vector<std::uint64_t>>& spikes,
                                           ProcessGroup& processes) {
    std::vector<std::uint64_t> sums;
    for (const std::vector<std::uint64_t>& steps : spikes)
        sums.push_back(std::accumulate(steps.begin(), steps.end(), std::uint64_t{0}));
    processes.sum(sums);
    std::optional<std::size_t> silent;
    for (std::size_t l = 0; l < sums.size(); ++l) {
        if (spikes[l].empty()) continue;
        silent_batches_[l] = sums[l] > 0 ? 0 : silent_batches_[l] + 1;
        if (!silent && silent_batches_[l] >= patience_) silent = l;
    }
    return silent;
}

bool SpikeWatch::all_fire() const {
    return std::ranges::all_of(silent_batches_, [](std::size_t n) { return n == 0; });
}

std::string silence_advice(const Network& network, std::size_t layer,
                           const std::vector<std::vector<std::uint64_t>>& spikes,
                           const std::string& when) {
    std::string before = "it is the first layer of neurons";
    std::size_t depth = 0;
    for (std::size_t l = 0; l < layer; ++l) {
        if (spikes[l].empty()) continue;
        ++depth;
        std::size_t first = 0;
        while (first < spikes[l].size() && spikes[l][first] == 0) ++first;
        before = fmt::format("layer '{}' before it ", network.layers[l].name) +
                 (first == spikes[l].size() ? std::string("does not fire there either")
                                            : fmt::format("first fires at timestep {}", first + 1));
    }
    const auto& neuron = network.layers[layer].as<Activation>()->neuron;
    const bool too_deep = neuron.kind == NeuronKind::leaky_delayed &&
                          static_cast<std::size_t>(network.timing.steps) <= depth + 1;
    return fmt::format(
        "layer '{}' (threshold {:.4g}, leak {:.4g}) emitted no spike in any of the {} timesteps of "
        "{}; {}; {}",
        network.layers[layer].name, neuron.threshold.at(0), neuron.leak, network.timing.steps, when,
        before,
        too_deep ? fmt::format("delayed neurons of the layer {} cannot fire before timestep {}: "
                               "use more steps",
                               depth + 1, depth + 2)
                 : std::string("lower its threshold (threshold_scale of the conversion), use more "
                               "steps, lower the learning rate, or wait longer for it "
                               "(silent_batches, an epoch at most)"));
}

}  // namespace ranvier
