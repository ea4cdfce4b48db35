#include "ranvier/train/bfloat16_convolution.hpp"

#include "ranvier/net/shapes.hpp"
#include "ranvier/train/matrix_units.hpp"

#include <torch/autograd.h>

namespace ranvier {

namespace {

Shape shape_of(const torch::Tensor& images) {
    return {images.size(1), images.size(2), images.size(3)};
}

ConvolutionSizes sizes_of(const Convolution& op, const torch::Tensor& x,
                          const torch::Tensor& weight) {
    ConvolutionSizes sizes = {x.size(0), shape_of(x), {}, op.window};
    sizes.window.kernel_h = weight.size(2);
    sizes.window.kernel_w = weight.size(3);
    sizes.to = windowed_shape(sizes.from, sizes.window, false, weight.size(0));
    return sizes;
}

bool for_units(const Convolution& op, const torch::Tensor& x) {
    return op.groups == 1 && x.is_cpu() && x.scalar_type() == torch::kFloat32 && x.numel() > 0 &&
           has_matrix_units();
}

/// Where there are no such units: the same factors, and LibTorch's convolutions of them. On CUDA
/// devices they stay bfloat16, for the units there.
torch::Tensor rounded(const torch::Tensor& x) {
    const torch::Tensor half = x.to(torch::kBFloat16);
    return x.is_cuda() ? half : half.to(x.scalar_type());
}

torch::Tensor images_like(const torch::Tensor& like, std::int64_t n, const Shape& shape) {
    return torch::empty({n, shape.channels, shape.height, shape.width}, like.options(),
                        channels_last);
}

torch::Tensor forward(const Convolution& op, const torch::Tensor& in, const torch::Tensor& weight,
                      const torch::Tensor& bias) {
    if (for_units(op, in)) {
        const ConvolutionSizes sizes = sizes_of(op, in, weight);
        const torch::Tensor x = in.contiguous(channels_last), w = weight.contiguous(channels_last);
        const torch::Tensor y = images_like(x, sizes.n, sizes.to);
        if (units_convolve(sizes, x.data_ptr<float>(), w.data_ptr<float>(),
                           bias.defined() ? bias.data_ptr<float>() : nullptr, y.data_ptr<float>()))
            return y;
    }
    torch::Tensor y = convolve(op, rounded(in), rounded(weight), {}).to(in.scalar_type());
    return bias.defined() ? y.add_(bias.view({1, -1, 1, 1})) : y;
}

/// Asks LibTorch for the gradients that the units leave.
WeightedGradients gradients_by_torch(const Convolution& op, const torch::Tensor& g,
                                     const torch::Tensor& x, const torch::Tensor& weight,
                                     const WantedGradients& wanted) {
    WeightedGradients result =
        convolution_gradients(op, rounded(g), rounded(x), rounded(weight), wanted);
    for (torch::Tensor* tensor : {&result.input, &result.weight})
        if (tensor->defined()) *tensor = tensor->to(x.scalar_type());
    return result;
}

/// A convolution of LibTorch's graph; `op` lives as long as its network, which is longer.
struct BFloat16Convolution : torch::autograd::Function<BFloat16Convolution> {
    static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                                 const torch::Tensor& weight,
                                 const c10::optional<torch::Tensor>& bias, const Convolution* op) {
        context->save_for_backward({x, weight});
        context->saved_data["biased"] = bias.has_value();
        context->saved_data["op"] = reinterpret_cast<std::int64_t>(op);
        return ranvier::forward(*op, x, weight, bias.value_or(torch::Tensor()));
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   const torch::autograd::variable_list& g) {
        const auto saved = context->get_saved_variables();
        const auto* op = reinterpret_cast<const Convolution*>(context->saved_data["op"].toInt());
        const WantedGradients wanted = {
            context->needs_input_grad(0), context->needs_input_grad(1),
            context->saved_data["biased"].toBool() && context->needs_input_grad(2)};
        const auto result = bfloat16_convolution_gradients(*op, g[0], saved[0], saved[1], wanted);
        return {result.input, result.weight, result.bias, {}};
    }
};

}  // namespace

torch::Tensor bfloat16_convolve(const Convolution& op, const torch::Tensor& x,
                                const torch::Tensor& weight, const torch::Tensor& bias) {
    const auto given = bias.defined() ? c10::make_optional(bias) : c10::nullopt;
    return BFloat16Convolution::apply(x, weight, given, &op);
}

WeightedGradients bfloat16_convolution_gradients(const Convolution& op, const torch::Tensor& given,
                                                 const torch::Tensor& in,
                                                 const torch::Tensor& weight,
                                                 const WantedGradients& wanted) {
    WantedGradients left = wanted;
    WeightedGradients result;
    if (wanted.bias) result.bias = given.sum({0, 2, 3});
    left.bias = false;
    if (for_units(op, in)) {
        const ConvolutionSizes sizes = sizes_of(op, in, weight);
        const torch::Tensor g = given.contiguous(channels_last),
                            w = weight.contiguous(channels_last);
        if (wanted.input) {
            result.input = images_like(in, sizes.n, sizes.from);
            left.input = !units_input_gradient(sizes, g.data_ptr<float>(), w.data_ptr<float>(),
                                               result.input.data_ptr<float>());
        }
        if (wanted.weight) {
            const torch::Tensor x = in.contiguous(channels_last);
            result.weight = torch::empty_like(w);
            left.weight = !units_weight_gradient(sizes, g.data_ptr<float>(), x.data_ptr<float>(),
                                                 result.weight.data_ptr<float>());
        }
    }
    if (!left.input && !left.weight) return result;
    const WeightedGradients rest = gradients_by_torch(op, given, in, weight, left);
    if (left.input) result.input = rest.input;
    if (left.weight) result.weight = rest.weight;
    return result;
}

}  // namespace ranvier
