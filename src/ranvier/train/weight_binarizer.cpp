#include "ranvier/train/weight_binarizer.hpp"

#include "ranvier/base/error.hpp"

#include <utility>

namespace ranvier {

namespace {

/// [n_out][1]... of [n_out][...]: the mean over each output's weights.
torch::Tensor mean_per_output(const torch::Tensor& w) {
    std::vector<std::int64_t> axes;
    for (std::int64_t axis = 1; axis < w.dim(); ++axis) axes.push_back(axis);
    return w.mean(axes, true);
}

/// Centred over one input channel, all weights would be 0.
void require_centrable(const Layer& layer) {
    const auto* conv = layer.as<Convolution>();
    const Tensor& weight = conv != nullptr ? conv->weight : layer.as<Linear>()->weight;
    if (weight.dims[1] < 2)
        fail(
            Fault::unsupported,
            "train: layer '{}' has one input channel per output{}; binary weights are centred over "
            "input channels, of which at least 2 are needed; train this network with "
            "binary_weights = \"none\"",
            layer.name, conv != nullptr && conv->groups > 1 ? ", as depthwise ones have" : "");
}

}  // namespace

std::vector<std::size_t> inner_weighted_layers(const Network& network) {
    std::vector<std::size_t> layers;
    for (std::size_t l = 0; l < network.layers.size(); ++l)
        if (network.layers[l].as<Convolution>() != nullptr ||
            network.layers[l].as<Linear>() != nullptr)
            layers.push_back(l);
    if (layers.size() < 3)
        fail(Fault::bad_input,
             "train: binary_weights leaves the first and last weighted layers as they are; the "
             "network has {} in all, at least 3 are needed",
             layers.size());
    const std::vector<std::size_t> inner(layers.begin() + 1, layers.end() - 1);
    for (const std::size_t l : inner) require_centrable(network.layers[l]);
    return inner;
}

WeightBinarizer::WeightBinarizer(std::vector<torch::Tensor> weights)
    : weights_(std::move(weights)) {}

void WeightBinarizer::binarize() {
    const torch::NoGradGuard no_grad;
    kept_.clear();
    for (torch::Tensor& w : weights_) {
        w.sub_(w.mean(1, true)).clamp_(-1, 1);
        Kept kept{w.clone(), torch::where(w < 0, -torch::ones_like(w), torch::ones_like(w)),
                  mean_per_output(w.abs())};
        w.copy_(kept.sign * kept.scale);
        kept_.push_back(std::move(kept));
    }
}

void WeightBinarizer::restore() {
    const torch::NoGradGuard no_grad;
    for (std::size_t k = 0; k < weights_.size(); ++k) {
        const auto& [real, sign, scale] = kept_.at(k);
        torch::Tensor& w = weights_[k];
        w.copy_(real);
        torch::Tensor gradient = w.grad();
        if (!gradient.defined()) continue;
        const auto n = static_cast<double>(w.numel() / w.size(0));
        const double stretch = (1 - 1 / static_cast<double>(w.size(1))) * n;
        gradient.copy_((scale * gradient + sign * mean_per_output(sign * gradient)) * stretch);
    }
    kept_.clear();
}

}  // namespace ranvier
