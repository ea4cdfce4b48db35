#include "ranvier/sim/latency.hpp"

#include <algorithm>

namespace ranvier {

std::vector<int> neuron_depths(const Network& network) {
    std::vector<int> depth(network.layers.size(), 0);
    for (std::size_t l = 0; l < depth.size(); ++l) {
        const Layer& layer = network.layers[l];
        for (const std::size_t source : layer.inputs) depth[l] = std::max(depth[l], depth[source]);
        if (layer.as<Activation>() != nullptr) ++depth[l];
    }
    return depth;
}

std::vector<int> first_source_depths(const Network& network) {
    const std::vector<int> depth = neuron_depths(network);
    std::vector<int> first(network.layers.size(), 0);
    for (std::size_t l = 1; l < first.size(); ++l) {
        first[l] = depth[l];
        for (const std::size_t source : network.layers[l].inputs) {
            const bool emits = source == 0 || network.layers[source].as<Activation>() != nullptr;
            first[l] = std::min(first[l], emits ? depth[source] : first[source]);
        }
    }
    return first;
}

Latency latency_of(const Network& network) {
    const Timing& timing = network.timing;
    const std::vector<int> depth = neuron_depths(network);
    Latency latency;
    latency.depth = *std::max_element(depth.begin(), depth.end());
    latency.steps = latency.per_image = timing.steps;
    if (!is_phase_code(timing.input)) return latency;
    latency.steps = latency.depth * timing.wait + timing.steps;
    const std::vector<int> first = first_source_depths(network);
    for (std::size_t l = 1; l < depth.size(); ++l)
        if (network.layers[l].as<Activation>() != nullptr)
            latency.membrane_banks =
                std::max(latency.membrane_banks, membrane_banks(depth[l], first[l], timing));
    return latency;
}

}  // namespace ranvier
