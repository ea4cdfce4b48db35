#pragma once

#include "ranvier/base/random.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/net/network.hpp"

#include "tests/support/networks.hpp"
#include <cmath>
#include <fmt/format.h>

namespace ranvier::testing {

/// 8x8 images with noise and one bright bar: class 0 horizontal, class 1 vertical.
/// @param name  of the set; {} is the seed.
inline MemorySamples bars(std::size_t n, std::uint64_t seed, const char* name = "bars, seed {}") {
    std::vector<float> pixels(n * 64);
    std::vector<int> labels(n);
    for (std::size_t i = 0; i < n; ++i) {
        Random random(seed, i);
        labels[i] = static_cast<int>(random.below(2));
        const std::size_t place = random.below(8);
        for (std::size_t p = 0; p < 64; ++p) {
            const bool on_bar = (labels[i] == 0 ? p / 8 : p % 8) == place;
            pixels[i * 64 + p] = random.uniform(0, 0.3F) + (on_bar ? 0.6F : 0.0F);
        }
    }
    return MemorySamples({{1, 8, 8}, 2, labels, pixels, fmt::format(fmt::runtime(name), seed)});
}

/// Two convolutions with spiking neurons behind them, and a linear layer; direct input.
/// @param n1, n2  channels of the convolutions.
inline Network bars_network(NeuronKind kind, int steps, std::int64_t n1 = 6, std::int64_t n2 = 8) {
    Random random(3, 5);
    Activation neurons;
    neurons.neuron.kind = kind;
    neurons.neuron.leak = 0.99F;
    neurons.neuron.threshold = {0.6F};
    Network network;
    append(network, "input", Input{{1, 8, 8}, {0.3F}, {0.3F}});
    append(network, "conv1", convolution3x3(random_tensor({n1, 1, 3, 3}, random, 0.4F)));
    append(network, "neurons1", neurons);
    append(network, "pool", average_pool2());
    const float range = 0.3F * std::sqrt(6.0F / static_cast<float>(n1));
    append(network, "conv2", convolution3x3(random_tensor({n2, n1, 3, 3}, random, range)));
    append(network, "neurons2", neurons);
    append(network, "flatten", Flatten{});
    append(network, "fc", Linear{random_tensor({2, 16 * n2}, random, 0.1F), {}});
    append(network, "output", Output{});
    network.timing.steps = steps;
    return network;
}

}  // namespace ranvier::testing
