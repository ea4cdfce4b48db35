#include "spiking_torch.hpp"

#include "ranvier/base/error.hpp"

namespace ranvier::bench {

namespace {

torch::Tensor copy_of(const Tensor& tensor) {
    if (tensor.empty()) return {};
    return torch::from_blob(const_cast<float*>(tensor.values.data()), tensor.dims).clone();
}

/// [T * n] currents (or [n], the same at every step) to [T * n] spikes.
torch::Tensor integrate_and_fire(const torch::Tensor& currents, std::int64_t n_steps,
                                 float threshold, bool constant) {
    const std::int64_t n = constant ? currents.size(0) : currents.size(0) / n_steps;
    torch::Tensor u = torch::zeros_like(currents.narrow(0, 0, n));
    std::vector<torch::Tensor> spikes;
    for (std::int64_t t = 0; t < n_steps; ++t) {
        u.add_(constant ? currents : currents.narrow(0, t * n, n));
        const torch::Tensor fired = u.ge(threshold).to(u.dtype());
        u.sub_(fired, threshold);
        spikes.push_back(fired);
    }
    return torch::cat(spikes);
}

}  // namespace

SpikingTorch::SpikingTorch(const Network& network, torch::MemoryFormat format)
    : network_(network),
      format_(format),
      weights_(network.layers.size()),
      biases_(network.layers.size()) {
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
        if (const auto* conv = network.layers[l].as<Convolution>()) {
            weights_[l] = copy_of(conv->weight).contiguous(format);
            biases_[l] = copy_of(conv->bias);
        }
        if (const auto* linear = network.layers[l].as<Linear>()) {
            weights_[l] = copy_of(linear->weight);
            biases_[l] = copy_of(linear->bias);
        }
    }
}

torch::Tensor SpikingTorch::normalized(const torch::Tensor& images) const {
    const Input& input = network_.input();
    return ((images - torch::tensor(input.mean).view({1, -1, 1, 1})) /
            torch::tensor(input.std).view({1, -1, 1, 1}))
        .contiguous(format_);
}

torch::Tensor SpikingTorch::apply(std::size_t l, const torch::Tensor& x) const {
    const Layer& layer = network_.layers[l];
    if (const auto* conv = layer.as<Convolution>())
        return torch::conv2d(x, weights_[l], biases_[l],
                             {conv->window.stride_h, conv->window.stride_w},
                             at::IntArrayRef({conv->window.pad_top, conv->window.pad_left}));
    if (layer.as<Linear>() != nullptr) return torch::linear(x, weights_[l], biases_[l]);
    if (const auto* pool = layer.as<MaxPool>())
        return torch::max_pool2d(x, {pool->window.kernel_h, pool->window.kernel_w},
                                 {pool->window.stride_h, pool->window.stride_w});
    if (layer.as<Flatten>() != nullptr) return torch::flatten(x, 1);
    fail(Fault::unsupported, "benchmark: no LibTorch call for {}", operation_name(layer.operation));
}

torch::Tensor SpikingTorch::run(const torch::Tensor& images) const {
    const torch::NoGradGuard no_gradients;
    const std::int64_t n_steps = network_.timing.steps;
    torch::Tensor x = normalized(images);
    bool constant = true;
    for (std::size_t l = 1; l + 1 < network_.layers.size(); ++l) {
        const auto* activation = network_.layers[l].as<Activation>();
        if (activation == nullptr) {
            x = apply(l, x);
            continue;
        }
        x = integrate_and_fire(x, n_steps, activation->neuron.threshold[0], constant);
        constant = false;
    }
    return x.view({n_steps, images.size(0), -1}).sum(0);
}

torch::Tensor SpikingTorch::run_float(const torch::Tensor& images) const {
    const torch::NoGradGuard no_gradients;
    torch::Tensor x = normalized(images);
    for (std::size_t l = 1; l + 1 < network_.layers.size(); ++l)
        x = network_.layers[l].as<Activation>() != nullptr ? x.relu_() : apply(l, x);
    return x;
}

}  // namespace ranvier::bench
