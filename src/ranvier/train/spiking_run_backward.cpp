#include "ranvier/base/error.hpp"
#include "ranvier/train/layer_operations.hpp"
#include "ranvier/train/spiking_run.hpp"

#include <torch/autograd.h>

namespace ranvier {

namespace {

torch::Tensor sum_of_steps(const torch::Tensor& images, std::int64_t steps) {
    return images
        .view({steps, images.size(0) / steps, images.size(1), images.size(2), images.size(3)})
        .sum(0)
        .contiguous(channels_last);
}

}  // namespace

void SpikingRun::add_gradient(torch::Tensor& sum, const torch::Tensor& gradient) {
    // Never in place: the summand may be seen from elsewhere.
    sum = sum.defined() ? sum + gradient : gradient;
}

/// Hands a gradient to layer `l`; that of all steps to one whose value is constant.
void SpikingRun::pass_gradient(std::size_t l, Chunk& chunk, const torch::Tensor& gradient) {
    if (!wants_gradient(l)) return;
    if (constant_[l] && &chunk != &constants_)
        add_gradient(constants_.gradients[l], sum_of_steps(gradient, chunk.n));
    else
        add_gradient(chunk.gradients[l], gradient);
}

void SpikingRun::add_parameter_gradient(int place, const torch::Tensor& gradient) {
    if (place < 0 || !of_parameters_) return;
    const auto p = static_cast<std::size_t>(place);
    const torch::Tensor& parameter = model_.parameters[p].tensor;
    torch::Tensor& sum = result_.parameters[p];
    if (sum.defined())
        sum.add_(gradient);
    else
        sum = gradient.to(parameter.options()).reshape(parameter.sizes()).clone();
}

SpikingRun::Gradients SpikingRun::backward(const torch::Tensor& logits_gradient, Wanted wanted) {
    if (!keep_) fail(Fault::internal, "train: the way back was not prepared");
    of_pixels_ = wanted != Wanted::parameters;
    of_parameters_ = wanted != Wanted::pixels;
    result_ = {};
    result_.parameters.resize(model_.parameters.size());
    carry_.assign(constant_.size(), {});
    constants_.gradients.assign(constant_.size(), {});
    for (std::size_t s = segments_.size(); s-- > 0;) {
        if (segments_[s].first != current_) {
            enter(segments_[s]);
            run_segment(segments_[s], nullptr);
        }
        std::vector<Chunk> chunks = chunks_of(segments_[s]);
        for (std::size_t c = chunks.size(); c-- > 0;) {
            run_chunk_backward(chunks[c], logits_gradient);
            chunks.pop_back();
        }
    }
    for (std::size_t l = constant_.size(); l-- > 0;)
        if (constant_[l]) layer_backward(l, constants_);
    for (std::size_t p = 0; of_parameters_ && p < result_.parameters.size(); ++p)
        if (!result_.parameters[p].defined())
            result_.parameters[p] = torch::zeros_like(model_.parameters[p].tensor.detach());
    if (of_pixels_ && model_.scale.defined()) result_.pixels = result_.pixels * model_.scale;
    return std::move(result_);
}

void SpikingRun::run_chunk_backward(Chunk& chunk, const torch::Tensor& logits_gradient) {
    const std::size_t output = constant_.size() - 1;
    const torch::Tensor of_chunk =
        logits_gradient.dim() == 3 ? logits_gradient.narrow(0, chunk.first, chunk.n).contiguous()
                                   : logits_gradient.repeat({chunk.n, 1});
    chunk.gradients[output] = of_chunk.to(model_.options).view(image_sizes(output, chunk));
    for (std::size_t l = output + 1; l-- > 0;)
        if (!constant_[l]) layer_backward(l, chunk);
}

std::vector<std::int64_t> SpikingRun::image_sizes(std::size_t l, const Chunk& chunk) const {
    const Shape& shape = model_.shapes[l];
    return {chunk.n * n_samples_, shape.channels, shape.height, shape.width};
}

void SpikingRun::layer_backward(std::size_t l, Chunk& chunk) {
    const Layer& layer = model_.network.layers[l];
    const torch::Tensor& g = chunk.gradients[l];
    if (!g.defined()) {
        chunk.values[l].reset();
        return;
    }
    if (l == 0) {
        if (of_pixels_) add_gradient(result_.pixels, sum_of_steps(g, chunk.n));
    } else if (layer.as<Activation>() != nullptr) {
        neurons_backward(l, chunk);
    } else if (layer.as<Convolution>() != nullptr || layer.as<Linear>() != nullptr) {
        weighted_backward(l, chunk);
    } else if (layer.as<Output>() != nullptr || layer.as<Flatten>() != nullptr) {
        // Flatten counts [channels][height][width], whatever the order in memory is.
        pass_gradient(
            layer.inputs[0], chunk,
            g.contiguous().view(image_sizes(layer.inputs[0], chunk)).contiguous(channels_last));
    } else if (layer.as<Add>() != nullptr) {
        for (const std::size_t source : layer.inputs) pass_gradient(source, chunk, g.clone());
    } else {
        linear_map_backward(l, chunk);
    }
    if (&chunk == &constants_) return;
    chunk.gradients[l].reset();
    chunk.values[l].reset();
}

void SpikingRun::neurons_backward(std::size_t l, Chunk& chunk) {
    SpikingLayer layer = layer_at(l, chunk);
    layer.since = chunk_since_[chunk.index][l];
    torch::Tensor& carry = carry_[l];
    if (!carry.defined())
        carry = torch::zeros_like(layer.membrane.narrow(0, 0, n_samples_), {}, channels_last);
    const SpikingLayer::Gradients gradients =
        layer.backward(masked(l, chunk.gradients[l].contiguous(channels_last)), carry);
    add_parameter_gradient(model_.places[l].threshold, gradients.threshold);
    add_parameter_gradient(model_.places[l].leak, gradients.leak);
    pass_gradient(model_.network.layers[l].inputs[0], chunk, gradients.currents);
}

void SpikingRun::weighted_backward(std::size_t l, Chunk& chunk) {
    const Layer& layer = model_.network.layers[l];
    const std::size_t source = layer.inputs[0];
    const torch::Tensor x = inputs(l, chunk)[0];
    const torch::Tensor weight = model_.weight[l].detach();
    const WantedGradients wanted = {wants_gradient(source), of_parameters_,
                                    of_parameters_ && model_.bias[l].defined()};
    const auto* conv = layer.as<Convolution>();
    const WeightedGradients gradients =
        conv != nullptr
            ? convolution_gradients(*conv, chunk.gradients[l], x, weight, wanted, model_.precision)
            : linear_gradients(chunk.gradients[l], x, weight, wanted, model_.precision);
    add_parameter_gradient(model_.places[l].weight, gradients.weight);
    if (wanted.bias) add_parameter_gradient(model_.places[l].bias, gradients.bias);
    if (wanted.input)
        pass_gradient(
            source, chunk,
            gradients.input.reshape(image_sizes(source, chunk)).contiguous(channels_last));
}

/// Pools, shortcuts and the like are linear without weights: their gradient does not depend on
/// their input, so LibTorch is shown zeros.
void SpikingRun::linear_map_backward(std::size_t l, Chunk& chunk) {
    const Layer& layer = model_.network.layers[l];
    std::vector<torch::Tensor> in;
    for (const std::size_t source : layer.inputs)
        in.push_back(torch::zeros(image_sizes(source, chunk), model_.options)
                         .contiguous(channels_last)
                         .set_requires_grad(true));
    const at::AutoGradMode with_gradients(true);
    const auto gradients = torch::autograd::grad({apply(l, in)}, in, {chunk.gradients[l].detach()});
    for (std::size_t k = 0; k < in.size(); ++k)
        pass_gradient(layer.inputs[k], chunk, gradients[k].detach().contiguous(channels_last));
}

}  // namespace ranvier
