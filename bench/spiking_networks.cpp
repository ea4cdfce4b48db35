#include "spiking_networks.hpp"

#include "ranvier/base/random.hpp"
#include "ranvier/convert/quantize_weights.hpp"
#include "ranvier/convert/simplify.hpp"
#include "ranvier/engine/fast_engine.hpp"
#include "ranvier/net/architectures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace ranvier::bench {

namespace {

/// Spikes per neuron and step, layer by layer, from docs/results/vgg16_rates.json: T = 16, T = 100.
constexpr std::array rates_t16 = {0.0893, 0.0815, 0.1126, 0.1032, 0.1107, 0.0996, 0.0993,
                                  0.0865, 0.0689, 0.0586, 0.0795, 0.0831, 0.0841};
constexpr std::array rates_t100 = {0.1021, 0.0925, 0.1162, 0.1147, 0.1204, 0.1129, 0.1116,
                                   0.1047, 0.0907, 0.0804, 0.1129, 0.1234, 0.1228};

/// One magnitude per output, as XNOR-style binarization has it.
void make_binary(Network& network) {
    for (Layer& layer : network.layers) {
        auto* conv = layer.as<Convolution>();
        if (conv == nullptr) continue;
        const auto n_out = static_cast<std::size_t>(conv->weight.dims[0]);
        const std::size_t n_in = conv->weight.size() / n_out;
        for (std::size_t o = 0; o < n_out; ++o) {
            float* row = conv->weight.values.data() + o * n_in;
            float mean = 0;
            for (std::size_t i = 0; i < n_in; ++i) mean += std::abs(row[i]);
            mean /= static_cast<float>(n_in);
            for (std::size_t i = 0; i < n_in; ++i) row[i] = std::copysign(mean, row[i]);
        }
    }
}

/// Sets the thresholds one after the other; a later layer cannot change an earlier one's rate.
void set_rates(Network& network, int steps) {
    const auto& rates = steps > 50 ? rates_t100 : rates_t16;
    const MemorySamples samples = random_samples(network, 2, 99);
    std::size_t k = 0;
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
        if (network.layers[l].as<Activation>() == nullptr) continue;
        for (int round = 0; round < 4; ++round) {
            const SimulationResult result =
                make_fast_engine(network)->run(samples, {.steps = steps}, no_progress());
            double spikes = 0;
            for (const std::uint64_t n : result.spikes[l]) spikes += static_cast<double>(n);
            const double rate =
                spikes / (2.0 * steps * static_cast<double>(result.spikes[l].size()));
            float& threshold = network.layers[l].as<Activation>()->neuron.threshold[0];
            threshold *= static_cast<float>(std::clamp(rate / rates[k], 0.2, 5.0));
        }
        ++k;
    }
}

}  // namespace

MemorySamples random_samples(const Network& network, std::size_t n, std::uint64_t seed) {
    const Shape shape = network.input().shape;
    std::vector<float> pixels(n * static_cast<std::size_t>(shape.size()));
    Random random(seed, 0);
    for (float& v : pixels) v = random.uniform();
    return MemorySamples({shape, 10, std::vector<int>(n), std::move(pixels), "random images"});
}

Network vgg16(std::uint64_t seed) {
    const Input input{{3, 32, 32}, {0.5F, 0.5F, 0.5F}, {0.25F, 0.25F, 0.25F}};
    Network network = make_architecture("vgg16_bn", input, 10, seed);
    fold_batch_norm(network);
    return network;
}

Network spiking_vgg16(std::uint64_t seed, int steps, Weights weights) {
    Network network = vgg16(seed);
    if (weights == Weights::binary) make_binary(network);
    if (weights == Weights::int8) quantize_weights(network, {});
    for (Layer& layer : network.layers) {
        if (auto* pool = layer.as<MaxPool>()) pool->rule = MaxRule::current_step;
        if (auto* activation = layer.as<Activation>())
            activation->neuron.kind = NeuronKind::integrate_fire;
    }
    network.timing.steps = steps;
    set_rates(network, steps);
    return network;
}

}  // namespace ranvier::bench
