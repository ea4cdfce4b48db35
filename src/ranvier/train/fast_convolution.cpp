#include "ranvier/train/fast_convolution.hpp"

#include "ranvier/net/shapes.hpp"
#include "ranvier/train/onednn_convolution.hpp"

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

bool for_onednn(const Convolution& op, const torch::Tensor& x) {
    return op.groups == 1 && x.is_cpu() && x.scalar_type() == torch::kFloat32 && x.numel() > 0;
}

/// What oneDNN leaves is LibTorch's, with the same factors. On CUDA devices they stay bfloat16, for
/// the matrix units there.
torch::Tensor rounded(const torch::Tensor& x, Precision precision) {
    if (precision == Precision::float32) return x;
    const torch::Tensor half = x.to(torch::kBFloat16);
    return x.is_cuda() ? half : half.to(x.scalar_type());
}

torch::Tensor images_like(const torch::Tensor& like, std::int64_t n, const Shape& shape) {
    return torch::empty({n, shape.channels, shape.height, shape.width}, like.options(),
                        channels_last);
}

torch::Tensor forward(const Convolution& op, const torch::Tensor& in, const torch::Tensor& weight,
                      const torch::Tensor& bias, Precision precision) {
    if (for_onednn(op, in)) {
        const ConvolutionSizes sizes = sizes_of(op, in, weight);
        const torch::Tensor x = in.contiguous(channels_last), w = weight.contiguous(channels_last);
        const torch::Tensor y = images_like(x, sizes.n, sizes.to);
        if (onednn_convolve(sizes, precision, x.data_ptr<float>(), w.data_ptr<float>(),
                            bias.defined() ? bias.data_ptr<float>() : nullptr, y.data_ptr<float>()))
            return y;
    }
    torch::Tensor y = convolve_directly(op, rounded(in, precision), rounded(weight, precision), {})
                          .to(in.scalar_type());
    return bias.defined() ? y.add_(bias.view({1, -1, 1, 1})) : y;
}

WeightedGradients gradients_by_torch(const Convolution& op, const torch::Tensor& g,
                                     const torch::Tensor& x, const torch::Tensor& weight,
                                     const WantedGradients& wanted, Precision precision) {
    WeightedGradients result = direct_gradients(op, rounded(g, precision), rounded(x, precision),
                                                rounded(weight, precision), wanted);
    for (torch::Tensor* tensor : {&result.input, &result.weight})
        if (tensor->defined()) *tensor = tensor->to(x.scalar_type());
    return result;
}

/// @return false if oneDNN has no fast way.
bool gradients_by_onednn(const Convolution& op, const torch::Tensor& given, const torch::Tensor& in,
                         const torch::Tensor& weight, const WantedGradients& wanted,
                         Precision precision, WeightedGradients& result) {
    if (!for_onednn(op, in)) return false;
    const torch::Tensor g = given.contiguous(channels_last), x = in.contiguous(channels_last),
                        w = weight.contiguous(channels_last);
    WeightedGradients found;
    if (wanted.input) found.input = torch::empty_like(x);
    if (wanted.weight) found.weight = torch::empty_like(w);
    const auto data = [](const torch::Tensor& tensor) {
        return tensor.defined() ? tensor.data_ptr<float>() : nullptr;
    };
    if (!onednn_gradients(sizes_of(op, x, w), precision, {data(g), data(x), data(w)},
                          data(found.input), data(found.weight)))
        return false;
    result = found;
    return true;
}

/// A convolution of LibTorch's graph; `op` lives as long as its network, which is longer.
struct FastConvolution : torch::autograd::Function<FastConvolution> {
    static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                                 const torch::Tensor& weight,
                                 const c10::optional<torch::Tensor>& bias, const Convolution* op,
                                 Precision precision) {
        context->save_for_backward({x, weight});
        context->saved_data["biased"] = bias.has_value();
        context->saved_data["op"] = reinterpret_cast<std::int64_t>(op);
        context->saved_data["precision"] = static_cast<std::int64_t>(precision);
        return ranvier::forward(*op, x, weight, bias.value_or(torch::Tensor()), precision);
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   const torch::autograd::variable_list& g) {
        const auto saved = context->get_saved_variables();
        const auto* op = reinterpret_cast<const Convolution*>(context->saved_data["op"].toInt());
        const auto precision = static_cast<Precision>(context->saved_data["precision"].toInt());
        const WantedGradients wanted = {
            context->needs_input_grad(0), context->needs_input_grad(1),
            context->saved_data["biased"].toBool() && context->needs_input_grad(2)};
        const auto result = fast_gradients(*op, g[0], saved[0], saved[1], wanted, precision);
        return {result.input, result.weight, result.bias, {}, {}};
    }
};

}  // namespace

bool wants_fast(const Convolution& op, const torch::Tensor& x, const torch::Tensor& weight,
                Precision precision) {
    return precision == Precision::bfloat16 ||
           (for_onednn(op, x) && onednn_pays(sizes_of(op, x, weight), precision));
}

torch::Tensor fast_convolve(const Convolution& op, const torch::Tensor& x,
                            const torch::Tensor& weight, const torch::Tensor& bias,
                            Precision precision) {
    const auto given = bias.defined() ? c10::make_optional(bias) : c10::nullopt;
    return FastConvolution::apply(x, weight, given, &op, precision);
}

WeightedGradients fast_gradients(const Convolution& op, const torch::Tensor& given,
                                 const torch::Tensor& in, const torch::Tensor& weight,
                                 const WantedGradients& wanted, Precision precision) {
    WeightedGradients result;
    if (!gradients_by_onednn(op, given, in, weight, wanted, precision, result))
        result = gradients_by_torch(op, given, in, weight, {wanted.input, wanted.weight, false},
                                    precision);
    if (wanted.bias) result.bias = given.sum({0, 2, 3});
    return result;
}

}  // namespace ranvier
