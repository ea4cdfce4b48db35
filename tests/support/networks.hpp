#pragma once

#include "ranvier/base/random.hpp"
#include "ranvier/net/network.hpp"

#include "tests/support/npy.hpp"
#include <string>
#include <utility>

namespace ranvier::testing {

/// Appends a layer that reads the last one.
inline std::size_t append(Network& network, const std::string& name, Operation operation) {
    Layer layer{name, {}, std::move(operation)};
    if (!network.layers.empty()) layer.inputs = {network.layers.size() - 1};
    network.layers.push_back(std::move(layer));
    return network.layers.size() - 1;
}

inline Convolution convolution3x3(Tensor weight) {
    Convolution conv;
    conv.window = {3, 3, 1, 1, 1, 1, 1, 1};
    conv.weight = std::move(weight);
    return conv;
}

inline AveragePool average_pool2() {
    AveragePool pool;
    pool.window.kernel_h = pool.window.kernel_w = pool.window.stride_h = pool.window.stride_w = 2;
    return pool;
}

inline MaxPool max_pool2() {
    MaxPool pool;
    pool.window = average_pool2().window;
    return pool;
}

/// The network of the oracles bsnn_conversion and bsnn_conversion_pool_after_relu.
/// @param which       "before" or "after" normalization.
/// @param last_neuron a neuron behind the last linear layer: the oracle's output population.
inline Network bsnn_network(const std::string& folder, const std::string& which, bool last_neuron) {
    const bool pool_last = folder == "bsnn_conversion_pool_after_relu";
    const auto weight = [&](int k) {
        return read_npy(oracle(folder) / ("w" + std::to_string(k) + "_" + which + ".npy"));
    };
    Network network;
    append(network, "input", Input{{3, 8, 8}, {}, {}});
    append(network, "conv1", convolution3x3(weight(1)));
    append(network, "relu1", Activation{});
    for (const int k : {2, 3}) {
        const std::string number = std::to_string(k);
        append(network, "conv" + number, convolution3x3(weight(k)));
        if (pool_last) append(network, "relu" + number, Activation{});
        append(network, "pool" + number, average_pool2());
        if (pool_last) append(network, "pool_relu" + number, Activation{});
        if (!pool_last) append(network, "relu" + number, Activation{});
    }
    append(network, "flatten", Flatten{});
    append(network, "fc4", Linear{weight(4), {}});
    append(network, "relu4", Activation{});
    append(network, "fc5", Linear{weight(5), {}});
    if (last_neuron) append(network, "relu5", Activation{});
    append(network, "output", Output{});
    return network;
}

inline Tensor random_tensor(std::vector<std::int64_t> dims, Random& random, float scale = 1.0F) {
    Tensor tensor(std::move(dims));
    for (float& v : tensor.values) v = scale * random.normal();
    return tensor;
}

/// in 2x6x6 -> conv -> neuron -> max pool -> concat(itself, conv2 + neuron) -> add -> pool ->
/// linear, biases, strides.
inline Network branched_network(std::uint64_t seed) {
    Random random(seed, 0);
    Network network;
    append(network, "input", Input{{2, 6, 6}, {0.4F, 0.5F}, {0.5F, 0.25F}});
    Convolution first = convolution3x3(random_tensor({4, 2, 3, 3}, random, 0.3F));
    first.bias = random_tensor({4}, random, 0.2F);
    append(network, "conv1", first);
    const std::size_t relu1 = append(network, "relu1", Activation{});
    Convolution strided = convolution3x3(random_tensor({6, 2, 3, 3}, random, 0.3F));
    strided.groups = 2;
    strided.window.stride_h = strided.window.stride_w = 2;
    strided.bias = random_tensor({6}, random, 0.2F);
    append(network, "conv2", strided);
    const std::size_t conv2 = network.layers.size() - 1;
    network.layers.push_back({"shortcut", {relu1}, Shortcut{2, 1, 1}});
    network.layers.push_back({"add", {conv2, conv2 + 1}, Add{}});
    const std::size_t relu2 = append(network, "relu2", Activation{});
    network.layers.push_back({"pool", {relu1}, max_pool2()});
    network.layers.push_back({"concat", {relu2, relu2 + 1}, Concat{}});
    append(network, "average", AveragePool{{2, 2, 1, 1, 1, 1, 0, 0, 1, 1}, false, true});
    append(network, "flatten", Flatten{});
    append(network, "linear",
           Linear{random_tensor({3, 90}, random, 0.3F), random_tensor({3}, random, 0.1F)});
    append(network, "output", Output{});
    return network;
}

inline std::vector<float> test_image(const Network& network, std::uint64_t seed) {
    Random random(seed, 1);
    std::vector<float> image(static_cast<std::size_t>(network.input().shape.size()));
    for (float& v : image) v = random.uniform();
    return image;
}

}  // namespace ranvier::testing
