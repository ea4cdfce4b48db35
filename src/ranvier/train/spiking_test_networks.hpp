#pragma once

#include "ranvier/base/random.hpp"
#include "ranvier/train/layer_operations.hpp"
#include "ranvier/train/surrogate.hpp"

#include "tests/support/networks.hpp"
#include <utility>
#include <vector>

// For tests of training through time. Includes LibTorch.
namespace ranvier {

/// in 2x6x6 -> conv -> neurons -> conv -> neurons -> conv, + its input -> neurons -> pool ->
/// linear. Weights are multiples of 1/16, leaks of 1/2: with pixels of 0 and 1 all sums are exact.
inline Network random_spiking_network(std::uint64_t seed, bool delayed) {
    Random random(seed, 3);
    const auto exact = [&](std::vector<std::int64_t> dims) {
        Tensor weight(std::move(dims));
        for (float& w : weight.values)
            w = static_cast<float>(static_cast<int>(random.below(17)) - 7) / 16;
        return weight;
    };
    const auto neurons = [&](std::int64_t channels) {
        Activation op;
        op.neuron.kind = delayed ? NeuronKind::leaky_delayed : NeuronKind::leaky_same_step;
        op.neuron.leak = random.below(2) == 0 ? 1.0F : 0.5F;
        const std::size_t n = random.below(2) == 0 ? 1 : static_cast<std::size_t>(channels);
        op.neuron.threshold.clear();
        op.neuron.amplitude.clear();
        for (std::size_t c = 0; c < n; ++c) {
            op.neuron.threshold.push_back(static_cast<float>(1 + random.below(4)) / 4);
            op.neuron.amplitude.push_back(static_cast<float>(1 + random.below(2)));
        }
        return op;
    };
    Network network;
    testing::append(network, "input", Input{{2, 6, 6}, {0.5F, 0.5F}, {0.5F, 0.5F}});
    for (const int k : {1, 2}) {
        Convolution conv = testing::convolution3x3(exact({k == 1 ? 3 : 4, k == 1 ? 2 : 3, 3, 3}));
        if (random.below(2) == 0) conv.bias = exact({k == 1 ? 3 : 4});
        testing::append(network, fmt::format("conv{}", k), conv);
        testing::append(network, fmt::format("neurons{}", k), neurons(k == 1 ? 3 : 4));
    }
    const std::size_t trunk = network.layers.size() - 1;
    const std::size_t branch =
        testing::append(network, "conv3", testing::convolution3x3(exact({4, 4, 3, 3})));
    network.layers.push_back({"add", {branch, trunk}, Add{}});
    testing::append(network, "neurons3", neurons(4));
    testing::append(network, "pool", testing::average_pool2());
    testing::append(network, "flatten", Flatten{});
    testing::append(network, "fc", Linear{exact({5, 36}), exact({5})});
    testing::append(network, "output", Output{});
    network.timing.steps = 1 + static_cast<int>(random.below(7));
    return network;
}

inline torch::Tensor random_pixels(std::uint64_t seed, std::int64_t n, bool exact) {
    Random random(seed, 4);
    Tensor pixels({n, 2, 6, 6});
    for (float& v : pixels.values)
        v = exact ? static_cast<float>(random.below(2)) : random.uniform();
    return row_major(pixels, torch::kFloat32);
}

/// The same network as anyone would write it with LibTorch's own gradients: step by step, layer by
/// layer, membranes as differentiable values. Shares no line with what is tested.
///
/// With `hold` its spikes are kept while parameters change: a neuron emits
///     s0 + s'(z0) (z - z0),    z = u / v - 1,
/// and resets by s0, where s0 and z0 are those of the pass before. That is a smooth function whose
/// derivative, at the parameters of that pass, is what backpropagation with a surrogate means.
struct Unrolled {
    explicit Unrolled(const Network& network, const Surrogate& surrogate)
        : network_(network), surrogate_(surrogate) {
        for (const Layer& layer : network.layers) {
            weights.emplace_back();
            biases.emplace_back();
            thresholds.emplace_back();
            leaks.emplace_back();
            if (const auto* conv = layer.as<Convolution>()) set(conv->weight, conv->bias);
            if (const auto* linear = layer.as<Linear>()) set(linear->weight, linear->bias);
            if (const auto* neurons = layer.as<Activation>()) {
                thresholds.back() = parameter(neurons->neuron.threshold);
                leaks.back() = parameter({neurons->neuron.leak});
            }
        }
    }

    torch::Tensor forward(const torch::Tensor& pixels) {
        const std::size_t n = network_.layers.size();
        std::vector<torch::Tensor> u(n), since(n), values(n);
        torch::Tensor sum = torch::zeros({1}, torch::kFloat64);
        if (!hold) held_.clear();
        next_held_ = 0;
        for (int t = 0; t < network_.timing.steps; ++t) {
            for (std::size_t l = 0; l < n; ++l) {
                const Layer& layer = network_.layers[l];
                const auto in = [&](std::size_t k = 0) { return values[layer.inputs[k]]; };
                if (l == 0) values[l] = (pixels - 0.5) / 0.5;
                if (layer.as<Convolution>() != nullptr)
                    values[l] = torch::conv2d(in(), weights[l], biases[l], 1, 1);
                if (layer.as<Linear>() != nullptr)
                    values[l] = torch::linear(in(), weights[l], biases[l]);
                if (layer.as<Add>() != nullptr) values[l] = in(0) + in(1);
                if (layer.as<AveragePool>() != nullptr) values[l] = torch::avg_pool2d(in(), 2);
                if (layer.as<Flatten>() != nullptr) values[l] = in().flatten(1);
                if (layer.as<Output>() != nullptr) sum = sum + in();
                if (const auto* op = layer.as<Activation>())
                    values[l] = fire(op->neuron, l, in(), u[l], since[l]);
            }
        }
        return sum;
    }

    std::vector<torch::Tensor> weights, biases, thresholds, leaks;  ///< [n_layers]
    bool hold = false;

private:
    /// Of one layer and step.
    struct Held {
        torch::Tensor z, spikes, slope;
    };
    static torch::Tensor parameter(const std::vector<float>& values) {
        return row_major(Tensor({static_cast<std::int64_t>(values.size())}, values),
                         torch::kFloat64)
            .set_requires_grad(true);
    }
    void set(const Tensor& weight, const Tensor& bias) {
        weights.back() = row_major(weight, torch::kFloat64).set_requires_grad(true);
        if (!bias.empty()) biases.back() = row_major(bias, torch::kFloat64).set_requires_grad(true);
    }
    torch::Tensor slope(const torch::Tensor& z, const torch::Tensor& steps_since) const {
        if (surrogate_.kind == SurrogateKind::linear)
            return surrogate_.scale * torch::relu(1 - z.abs());
        if (surrogate_.kind == SurrogateKind::exponential)
            return surrogate_.scale * torch::exp(-surrogate_.decay * z.abs());
        return surrogate_.scale * torch::exp(-steps_since.to(torch::kFloat32))
                                      .to(torch::kFloat64)
                                      .pow(surrogate_.decay);
    }
    torch::Tensor fire(const Neuron& neuron, std::size_t l, const torch::Tensor& current,
                       torch::Tensor& u, torch::Tensor& since) {
        if (!u.defined()) {
            u = torch::zeros_like(current);
            since = torch::full_like(current, 999).detach();
        }
        const torch::Tensor v = thresholds[l].view({1, -1, 1, 1});
        const bool delayed = neuron.kind == NeuronKind::leaky_delayed;
        const torch::Tensor driven = leaks[l] * u + current;
        const torch::Tensor z = (delayed ? u : driven) / v - 1;
        if (!hold)
            held_.push_back({z.detach(), (z > 0).to(torch::kFloat64), slope(z, since).detach()});
        const Held& held = held_.at(next_held_++);
        const torch::Tensor& s = held.spikes;
        const torch::Tensor ramp = held.slope * (z - held.z);  // 0 at first, with a slope
        u = driven - v * s;
        since = torch::where(s > 0, torch::ones_like(since), since + 1);
        const torch::Tensor amplitude = row_major(
            Tensor({static_cast<std::int64_t>(neuron.amplitude.size())}, neuron.amplitude),
            torch::kFloat64);
        return (s + ramp) * amplitude.view({1, -1, 1, 1});
    }

    const Network& network_;
    Surrogate surrogate_;
    std::vector<Held> held_;  ///< in the order of the pass
    std::size_t next_held_ = 0;
};

inline Surrogate random_surrogate(std::uint64_t seed) {
    const auto kind = static_cast<SurrogateKind>(seed % 3);
    return {kind, 0.3, kind == SurrogateKind::stdb ? 0.3 : 1.0};
}

}  // namespace ranvier
