// The last step of the import: fewer layers, same function.
#include "ranvier/formats/onnx_builder.hpp"

#include <algorithm>

namespace ranvier::onnx_import {

namespace {

/// Which layers the output depends on.
std::vector<bool> live_layers(const Network& network) {
    std::vector<bool> live(network.layers.size(), false);
    live.front() = live.back() = true;
    for (std::size_t l = network.layers.size(); l-- > 0;)
        if (live[l])
            for (const std::size_t source : network.layers[l].inputs) live[source] = true;
    return live;
}

std::vector<std::size_t> count_readers(const Network& network, const std::vector<bool>& live) {
    std::vector<std::size_t> n(network.layers.size(), 0);
    for (std::size_t l = 0; l < network.layers.size(); ++l)
        if (live[l])
            for (const std::size_t source : network.layers[l].inputs) ++n[source];
    return n;
}

bool all_ones(const Tensor& tensor) {
    return std::all_of(tensor.values.begin(), tensor.values.end(),
                       [](float v) { return v == 1.0F; });
}

void add_to_bias(Tensor& bias, const Tensor& shift) {
    if (bias.empty())
        bias = shift;
    else
        std::transform(bias.values.begin(), bias.values.end(), shift.values.begin(),
                       bias.values.begin(), std::plus<>());
}

/// scale * (x - mean) / std + shift as another mean and std.
bool add_to_input(Input& input, const BatchNorm& op) {
    const auto usable = [](float scale) { return scale > 0; };
    if (!std::all_of(op.scale.values.begin(), op.scale.values.end(), usable)) return false;
    input.mean.resize(op.scale.size(), 0.0F);
    input.std.resize(op.scale.size(), 1.0F);
    for (std::size_t c = 0; c < op.scale.size(); ++c) {
        input.std[c] /= op.scale.values[c];
        input.mean[c] -= op.shift.values[c] * input.std[c];
    }
    return true;
}

/// Takes the constant affine layer `op` into the layer before it, if that can hold it.
bool absorb(Layer& source, const BatchNorm& op) {
    if (auto* input = source.as<Input>()) return add_to_input(*input, op);
    if (!all_ones(op.scale)) return false;
    if (auto* convolution = source.as<Convolution>()) {
        add_to_bias(convolution->bias, op.shift);
        return true;
    }
    if (auto* linear = source.as<Linear>()) {
        add_to_bias(linear->bias, op.shift);
        return true;
    }
    return false;
}

}  // namespace

void merge_and_prune(Network& network, const std::vector<bool>& affine) {
    std::vector<bool> live = live_layers(network);
    const std::vector<std::size_t> n_readers = count_readers(network, live);
    std::vector<std::size_t> stands_for(network.layers.size());
    std::vector<Layer> kept;
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
        if (!live[l]) continue;
        Layer& layer = network.layers[l];
        const bool only_reader = affine[l] && n_readers[layer.inputs[0]] == 1;
        for (std::size_t& source : layer.inputs) source = stands_for[source];
        if (only_reader && absorb(kept[layer.inputs[0]], *layer.as<BatchNorm>())) {
            stands_for[l] = layer.inputs[0];
            continue;
        }
        stands_for[l] = kept.size();
        kept.push_back(std::move(layer));
    }
    network.layers = std::move(kept);
}

}  // namespace ranvier::onnx_import
