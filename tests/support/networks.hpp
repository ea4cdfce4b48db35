#pragma once

#include <string>
#include <utility>

#include "ranvier/base/random.hpp"
#include "ranvier/net/network.hpp"
#include "tests/support/npy.hpp"

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

}  // namespace ranvier::testing
