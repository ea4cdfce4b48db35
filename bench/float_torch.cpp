#include "float_torch.hpp"

#include "ranvier/base/error.hpp"

namespace ranvier::bench {

namespace {

torch::Tensor copy_of(const Tensor& tensor) {
    return torch::from_blob(const_cast<float*>(tensor.values.data()), tensor.dims).clone();
}

torch::Tensor shortcut(const torch::Tensor& x, const Shortcut& op) {
    using torch::indexing::None;
    using torch::indexing::Slice;
    const Slice strided(None, None, op.stride);
    return torch::constant_pad_nd(x.index({Slice(), Slice(), strided, strided}),
                                  {0, 0, 0, 0, op.channels_before, op.channels_after});
}

}  // namespace

TorchForward::TorchForward(const Network& network, torch::MemoryFormat format)
    : network_(network),
      format_(format),
      weights_(network.layers.size()),
      biases_(network.layers.size()) {
    for (std::size_t l = 0; l < network.layers.size(); ++l) {
        if (const auto* convolution = network.layers[l].as<Convolution>()) {
            weights_[l] = copy_of(convolution->weight).contiguous(format);
            biases_[l] = copy_of(convolution->bias);
        }
        if (const auto* linear = network.layers[l].as<Linear>()) {
            weights_[l] = copy_of(linear->weight);
            biases_[l] = copy_of(linear->bias);
        }
    }
}

torch::Tensor TorchForward::run(torch::Tensor images) const {
    const torch::NoGradGuard no_gradients;
    std::vector<torch::Tensor> values(network_.layers.size());
    for (std::size_t l = 0; l < network_.layers.size(); ++l) {
        const Layer& layer = network_.layers[l];
        const auto in = [&](std::size_t k) { return values[layer.inputs[k]]; };
        if (layer.as<Input>() != nullptr)
            values[l] = images.contiguous(format_);
        else if (const auto* conv = layer.as<Convolution>())
            values[l] = torch::conv2d(
                in(0), weights_[l], biases_[l], {conv->window.stride_h, conv->window.stride_w},
                at::IntArrayRef({conv->window.pad_top, conv->window.pad_left}));
        else if (layer.as<Linear>() != nullptr)
            values[l] = torch::linear(in(0), weights_[l], biases_[l]);
        else if (layer.as<Activation>() != nullptr)
            values[l] = torch::relu_(values[layer.inputs[0]]);
        else if (const auto* pool = layer.as<MaxPool>())
            values[l] = torch::max_pool2d(in(0), {pool->window.kernel_h, pool->window.kernel_w},
                                          {pool->window.stride_h, pool->window.stride_w},
                                          {pool->window.pad_top, pool->window.pad_left}, {1, 1},
                                          pool->ceil_mode);
        else if (layer.as<GlobalAveragePool>() != nullptr)
            values[l] = torch::adaptive_avg_pool2d(in(0), {1, 1});
        else if (const auto* skip = layer.as<Shortcut>())
            values[l] = shortcut(in(0), *skip);
        else if (layer.as<Add>() != nullptr)
            values[l] = in(0).add_(in(1));
        else if (layer.as<Concat>() != nullptr)
            values[l] = torch::cat({in(0), in(1)}, 1);
        else if (layer.as<Flatten>() != nullptr)
            values[l] = torch::flatten(in(0), 1);
        else if (layer.as<Output>() != nullptr)
            values[l] = in(0);
        else
            fail(Fault::unsupported, "benchmark: no LibTorch call for {}",
                 operation_name(layer.operation));
    }
    return values.back();
}

}  // namespace ranvier::bench
