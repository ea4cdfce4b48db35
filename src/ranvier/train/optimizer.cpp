#include "ranvier/train/optimizer.hpp"

#include <cmath>

namespace ranvier {

Optimizer::Optimizer(const TrainOptions& options, const std::vector<NamedTensor>& parameters)
    : kind_(options.optimizer),
      momentum_(options.momentum),
      weight_decay_(options.weight_decay),
      parameters_(parameters) {
    const auto add = [&](const NamedTensor& parameter, const char* what) {
        state_.push_back(
            {parameter.name + "." + what, torch::zeros_like(parameter.tensor.detach())});
    };
    for (const NamedTensor& parameter : parameters_) {
        if (kind_ == OptimizerKind::sgd && momentum_ != 0) add(parameter, "momentum");
        if (kind_ == OptimizerKind::adam) {
            add(parameter, "first_moment");
            add(parameter, "second_moment");
        }
    }
}

void Optimizer::zero_gradients() {
    for (NamedTensor& parameter : parameters_) parameter.tensor.mutable_grad() = torch::Tensor();
}

void Optimizer::step(double rate, std::uint64_t iteration) {
    const torch::NoGradGuard no_grad;
    kind_ == OptimizerKind::sgd ? step_sgd(rate) : step_adam(rate, iteration);
}

namespace {

torch::Tensor decayed_gradient(const torch::Tensor& weight, double weight_decay) {
    const torch::Tensor& gradient = weight.grad();
    return weight_decay == 0 ? gradient : gradient.add(weight, weight_decay);
}

}  // namespace

void Optimizer::step_sgd(double rate) {
    for (std::size_t p = 0; p < parameters_.size(); ++p) {
        torch::Tensor& weight = parameters_[p].tensor;
        torch::Tensor change = decayed_gradient(weight, weight_decay_);
        if (momentum_ != 0) change = state_[p].tensor.mul_(momentum_).add_(change);
        weight.add_(change, -rate);
    }
}

void Optimizer::step_adam(double rate, std::uint64_t iteration) {
    constexpr double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  // torch::optim's defaults
    const auto t = static_cast<double>(iteration);
    const double correction1 = 1 - std::pow(beta1, t);
    const double correction2 = std::sqrt(1 - std::pow(beta2, t));
    for (std::size_t p = 0; p < parameters_.size(); ++p) {
        torch::Tensor& weight = parameters_[p].tensor;
        const torch::Tensor gradient = decayed_gradient(weight, weight_decay_);
        torch::Tensor& mean = state_[2 * p].tensor;
        torch::Tensor& square = state_[2 * p + 1].tensor;
        mean.mul_(beta1).add_(gradient, 1 - beta1);
        square.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
        weight.addcdiv_(mean, square.sqrt().div_(correction2).add_(epsilon), -rate / correction1);
    }
}

}  // namespace ranvier
