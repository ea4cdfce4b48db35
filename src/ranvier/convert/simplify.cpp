#include "ranvier/convert/simplify.hpp"

#include "ranvier/net/shapes.hpp"

#include <cmath>
#include <optional>
#include <utility>

namespace ranvier {

void remove_dropout(Network& network) {
    for (std::size_t l = network.layers.size(); l-- > 0;)
        if (network.layers[l].as<Dropout>() != nullptr) remove_layer(network, l);
}

namespace {

/// scale * x + shift, per channel.
struct Affine {
    std::vector<float> scale, shift;
};

Affine affine_of(const BatchNorm& norm) {
    Affine affine;
    for (std::size_t c = 0; c < norm.scale.size(); ++c) {
        const double scale =
            norm.scale.values[c] / std::sqrt(double{norm.variance.values[c]} + norm.epsilon);
        affine.scale.push_back(static_cast<float>(scale));
        affine.shift.push_back(
            static_cast<float>(norm.shift.values[c] - norm.mean.values[c] * scale));
    }
    return affine;
}

/// @tparam Weighted  Convolution or Linear.
template <typename Weighted>
void apply(const Affine& affine, Weighted& op) {
    Tensor& weight = op.weight;
    Tensor& bias = op.bias;
    op.format = {};
    const std::size_t n_out = affine.scale.size();
    const std::size_t inner = weight.size() / n_out;
    if (bias.empty()) bias = Tensor({static_cast<std::int64_t>(n_out)});
    for (std::size_t o = 0; o < n_out; ++o) {
        for (std::size_t k = 0; k < inner; ++k) weight.values[o * inner + k] *= affine.scale[o];
        bias.values[o] = bias.values[o] * affine.scale[o] + affine.shift[o];
    }
}

Convolution per_channel_convolution(const Affine& affine) {
    const auto channels = static_cast<std::int64_t>(affine.scale.size());
    Convolution conv;
    conv.groups = channels;
    conv.weight = Tensor({channels, 1, 1, 1}, affine.scale);
    conv.bias = Tensor({channels}, affine.shift);
    return conv;
}

}  // namespace

void fold_batch_norm(Network& network) {
    (void)infer_shapes(network);  // nothing below can fail
    for (std::size_t l = network.layers.size(); l-- > 0;) {
        const auto* norm = network.layers[l].as<BatchNorm>();
        if (norm == nullptr) continue;
        const Affine affine = affine_of(*norm);
        const std::size_t source = network.layers[l].inputs[0];
        Layer& before = network.layers[source];
        const bool only_reader = consumers(network)[source].size() == 1;
        auto* conv = before.as<Convolution>();
        auto* linear = before.as<Linear>();
        if (only_reader && conv != nullptr) apply(affine, *conv);
        if (only_reader && linear != nullptr) apply(affine, *linear);
        if (only_reader && (conv != nullptr || linear != nullptr))
            remove_layer(network, l);
        else
            network.layers[l].operation = per_channel_convolution(affine);
    }
}

void lower_max_pool(Network& network, MaxRule rule) {
    const auto readers = consumers(network);
    for (std::size_t l = network.layers.size(); l-- > 0;) {
        Layer& layer = network.layers[l];
        if (auto* pool = layer.as<MaxPool>()) pool->rule = rule;
        if (layer.as<MaxPool>() == nullptr || readers[l].size() != 1) continue;
        Layer& reader = network.layers[readers[l][0]];
        if (reader.as<Activation>() == nullptr) continue;
        if (network.layers[layer.inputs[0]].as<Activation>() != nullptr) continue;
        std::swap(layer.operation, reader.operation);
        std::swap(layer.name, reader.name);
    }
}

namespace {

/// The activation that reads layer l, if nothing else does; else none.
std::optional<std::size_t> activation_behind(const Network& network,
                                             const std::vector<std::vector<std::size_t>>& readers,
                                             std::size_t l) {
    if (readers[l].size() != 1 || network.layers[readers[l][0]].as<Activation>() == nullptr)
        return std::nullopt;
    return readers[l][0];
}

}  // namespace

void add_neurons_before_max_pools(Network& network) {
    const auto readers = consumers(network);
    for (std::size_t l = network.layers.size(); l-- > 0;) {  // from the back: readers stay right
        const Layer& pool = network.layers[l];
        if (pool.as<MaxPool>() == nullptr || !activation_behind(network, readers, l)) continue;
        const std::size_t source = pool.inputs[0];
        if (network.layers[source].as<Activation>() != nullptr) continue;
        Layer neurons{unused_name(network, pool.name + "_neuron"), {}, Activation{}};
        (void)insert_between(network, source, l, std::move(neurons));
    }
}

std::vector<std::pair<std::size_t, std::size_t>> neurons_around_max_pools(const Network& network) {
    const auto readers = consumers(network);
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
        if (network.layers[l].as<MaxPool>() == nullptr) continue;
        const std::size_t source = network.layers[l].inputs[0];
        const auto behind = activation_behind(network, readers, l);
        if (behind && network.layers[source].as<Activation>() != nullptr &&
            readers[source].size() == 1)
            pairs.emplace_back(source, *behind);
    }
    return pairs;
}

void add_pool_activations(Network& network) {
    std::vector<bool> activations(network.layers.size(),
                                  false);  // holds only values of activations
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
        const Layer& layer = network.layers[l];
        const bool average =
            layer.as<AveragePool>() != nullptr || layer.as<GlobalAveragePool>() != nullptr;
        const bool passes = average || layer.as<MaxPool>() != nullptr ||
                            layer.as<Concat>() != nullptr || layer.as<Flatten>() != nullptr ||
                            layer.as<Shortcut>() != nullptr;
        bool all = passes;
        for (const std::size_t source : layer.inputs) all = all && activations[source];
        activations[l] = layer.as<Activation>() != nullptr || all;
        if (!average || !all) continue;
        (void)insert_after(network, l,
                           {unused_name(network, layer.name + "_neuron"), {}, Activation{}});
        activations.insert(activations.begin() + static_cast<std::ptrdiff_t>(++l), true);
    }
}

}  // namespace ranvier
