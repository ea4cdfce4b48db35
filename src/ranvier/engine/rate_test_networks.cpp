#include "ranvier/engine/rate_test_networks.hpp"

#include "ranvier/base/random.hpp"
#include "ranvier/sim/one_spike_test_networks.hpp"
#include "ranvier/sim/reference_run.hpp"

#include <algorithm>

namespace ranvier {

Network random_rate_network(std::uint64_t seed) {
    Network network = random_one_spike_network(seed, 8, 1.3F);
    Random random(seed, 77);
    const bool pools = std::any_of(network.layers.begin(), network.layers.end(),
                                   [](const Layer& l) { return l.as<MaxPool>() != nullptr; });
    const NeuronKind kinds[] = {NeuronKind::integrate_fire, NeuronKind::leaky_delayed,
                                NeuronKind::leaky_same_step, NeuronKind::multi_spike};
    for (Layer& layer : network.layers) {
        if (auto* pool = layer.as<MaxPool>())
            pool->rule = seed % 2 == 0 ? MaxRule::running_count : MaxRule::current_step;
        auto* activation = layer.as<Activation>();
        if (activation == nullptr) continue;
        Neuron& neuron = activation->neuron;
        neuron.kind = kinds[random.below(pools ? 3 : 4)];
        neuron.reset = random.below(2) == 0 ? Reset::subtract : Reset::zero;
        neuron.leak = 0.9F;
        for (float& t : neuron.threshold) t *= 0.3F;
        if (seed % 3 == 0) neuron.lower_bound = -0.5F;
    }
    network.timing = {};
    network.timing.steps = 5 + static_cast<int>(random.below(40));
    network.timing.propagation = seed % 2 == 0 ? Propagation::delayed : Propagation::same_step;
    return network;
}

SpikeCosts random_costs(const Network& network, std::uint64_t seed) {
    Random random(seed, 8);
    const ReferencePlan plan(network);
    SpikeCosts costs(plan.shapes.size());
    for (std::size_t l = 0; l < costs.size(); ++l) {
        if (!plan.spikes[l]) continue;
        costs[l].resize(static_cast<std::size_t>(plan.shapes[l].plane()));
        for (std::uint32_t& cost : costs[l]) cost = random.below(1000);
    }
    return costs;
}

}  // namespace ranvier
