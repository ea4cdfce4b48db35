#include "bptt_torch.hpp"

namespace ranvier::bench {

namespace {

struct LinearSpike : torch::autograd::Function<LinearSpike> {
    static torch::Tensor forward(torch::autograd::AutogradContext* context,
                                 const torch::Tensor& z) {
        context->save_for_backward({z});
        return (z > 0).to(z.scalar_type());
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const torch::Tensor z = context->get_saved_variables()[0];
        return {gradients[0] * 0.3 * torch::clamp_min(1 - z.abs(), 0)};
    }
};

}  // namespace

torch::Tensor UnrolledNetwork::parameter(const std::vector<std::int64_t>& dims,
                                         const std::vector<float>& values) {
    torch::Tensor tensor = torch::empty(dims);
    std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
    parameters_.push_back(tensor.set_requires_grad(true));
    return parameters_.back();
}

UnrolledNetwork::UnrolledNetwork(const Network& network) : n_steps_(network.timing.steps) {
    for (const Layer& layer : network.layers) {
        Step step{};
        if (const auto* conv = layer.as<Convolution>()) {
            step.kind = Step::Kind::convolution;
            step.weight = parameter(conv->weight.dims, conv->weight.values);
        } else if (const auto* linear = layer.as<Linear>()) {
            step.kind = Step::Kind::linear;
            step.weight = parameter(linear->weight.dims, linear->weight.values);
        } else if (layer.as<AveragePool>() != nullptr) {
            step.kind = Step::Kind::pool;
        } else if (layer.as<Flatten>() != nullptr) {
            step.kind = Step::Kind::flatten;
        } else if (const auto* neurons = layer.as<Activation>()) {
            step.kind = Step::Kind::neurons;
            step.threshold = parameter({1}, neurons->neuron.threshold);
            step.leak = parameter({1}, {neurons->neuron.leak});
        } else {
            continue;
        }
        layers_.push_back(step);
    }
}

torch::Tensor UnrolledNetwork::forward(const torch::Tensor& images) {
    for (Step& layer : layers_) layer.membrane = torch::Tensor();
    torch::Tensor output;
    for (int t = 0; t < n_steps_; ++t) {
        torch::Tensor x = images;
        for (Step& layer : layers_) switch (layer.kind) {
                case Step::Kind::convolution:
                    x = torch::conv2d(x, layer.weight, {}, 1, 1);
                    break;
                case Step::Kind::linear:
                    x = torch::linear(x, layer.weight);
                    break;
                case Step::Kind::pool:
                    x = torch::avg_pool2d(x, 2);
                    break;
                case Step::Kind::flatten:
                    x = x.flatten(1);
                    break;
                case Step::Kind::neurons:
                    if (!layer.membrane.defined()) layer.membrane = torch::zeros_like(x);
                    layer.membrane = layer.leak * layer.membrane + x;
                    x = LinearSpike::apply(layer.membrane / layer.threshold - 1);
                    layer.membrane = layer.membrane - layer.threshold * x.detach();
                    break;
            }
        output = t == 0 ? x : output + x;
    }
    return output;
}

}  // namespace ranvier::bench
