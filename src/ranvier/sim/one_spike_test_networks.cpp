#include "ranvier/sim/one_spike_test_networks.hpp"

#include "ranvier/base/random.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/sim/float_test_networks.hpp"

#include "tests/support/networks.hpp"
#include <cmath>

namespace ranvier {

void make_one_spike(Network& network, int steps, float base,
                    const std::function<float()>& threshold) {
    const std::vector<Shape> shapes = infer_shapes(network);
    for (std::size_t l = 0; l < shapes.size(); ++l) {
        auto* activation = network.layers[l].as<Activation>();
        if (activation == nullptr) continue;
        activation->neuron.kind = NeuronKind::one_spike;
        activation->neuron.base = base;
        activation->neuron.threshold.clear();
        for (std::int64_t c = 0; c < shapes[l].channels; ++c)
            activation->neuron.threshold.push_back(threshold());
        activation->neuron.amplitude = activation->neuron.threshold;
    }
    network.timing = {steps, steps, InputCoding::binary_phase, Propagation::same_step};
}

Network random_one_spike_network(std::uint64_t seed, int steps, float base) {
    Network network = random_float_network(seed, 8);
    for (std::size_t l = network.layers.size(); l-- > 0;) {
        const Layer& layer = network.layers[l];
        if (layer.as<BatchNorm>() != nullptr || layer.as<Dropout>() != nullptr)
            remove_layer(network, l);
        else if (layer.as<MaxPool>() != nullptr)
            (void)insert_between(network, layer.inputs[0], l,
                                 Layer{unused_name(network, "neurons"), {}, Activation{}});
    }
    Random random(seed, 7);
    make_one_spike(network, steps, base, [&] { return random.uniform(0.3F, 2.0F); });
    return network;
}

Network dyadic_one_spike_network(std::uint64_t seed, int steps) {
    Network network = testing::branched_network(seed);
    network.input().mean = {0.5F, 0.25F};
    const auto to_eighths = [](Tensor& tensor) {
        for (float& v : tensor.values) v = std::nearbyint(v * 8) / 8;
    };
    for (Layer& layer : network.layers) {
        if (auto* conv = layer.as<Convolution>()) to_eighths(conv->weight), to_eighths(conv->bias);
        if (auto* linear = layer.as<Linear>()) to_eighths(linear->weight), to_eighths(linear->bias);
    }
    Random random(seed, 3);
    make_one_spike(network, steps, 2.0F,
                   [&] { return std::ldexp(1.0F, static_cast<int>(random.below(3)) - 1); });
    return network;
}

}  // namespace ranvier
