#include "ranvier/train/optimizer.hpp"

#include <cmath>

namespace ranvier {

Optimizer::Optimizer(const TrainOptions& options, const std::vector<NamedTensor>& parameters)
    : kind_(options.optimizer),
      momentum_(options.momentum),
      beta1_(options.beta1),
      beta2_(options.beta2) {
    for (const NamedTensor& parameter : parameters) {
        const auto state = [&](bool needed, const char* what) {
            if (!needed) return torch::Tensor();
            state_.push_back(
                {parameter.name + "." + what, torch::zeros_like(parameter.tensor.detach())});
            return state_.back().tensor;
        };
        const bool adam = kind_ == OptimizerKind::adam;
        slots_.push_back({parameter.tensor, state(!adam && momentum_ != 0, "momentum"),
                          state(adam, "first_moment"), state(adam, "second_moment"),
                          state(adam && options.amsgrad, "largest")});
    }
}

void Optimizer::zero_gradients() {
    for (Slot& slot : slots_) slot.weight.mutable_grad() = torch::Tensor();
}

void Optimizer::step(double rate, double weight_decay, std::uint64_t iteration) {
    const torch::NoGradGuard no_grad;
    kind_ == OptimizerKind::sgd ? step_sgd(rate, weight_decay)
                                : step_adam(rate, weight_decay, iteration);
}

namespace {

torch::Tensor decayed_gradient(const torch::Tensor& weight, double weight_decay) {
    const torch::Tensor& gradient = weight.grad();
    return weight_decay == 0 ? gradient : gradient.add(weight, weight_decay);
}

}  // namespace

void Optimizer::step_sgd(double rate, double weight_decay) {
    for (Slot& slot : slots_) {
        torch::Tensor change = decayed_gradient(slot.weight, weight_decay);
        if (slot.momentum.defined()) change = slot.momentum.mul_(momentum_).add_(change);
        slot.weight.add_(change, -rate);
    }
}

void Optimizer::step_adam(double rate, double weight_decay, std::uint64_t iteration) {
    constexpr double epsilon = 1e-8;  // torch::optim's default
    const auto t = static_cast<double>(iteration);
    const double correction1 = 1 - std::pow(beta1_, t);
    const double correction2 = std::sqrt(1 - std::pow(beta2_, t));
    for (Slot& slot : slots_) {
        const torch::Tensor gradient = decayed_gradient(slot.weight, weight_decay);
        slot.mean.mul_(beta1_).add_(gradient, 1 - beta1_);
        slot.square.mul_(beta2_).addcmul_(gradient, gradient, 1 - beta2_);
        torch::Tensor square = slot.square;
        if (slot.largest.defined()) {
            torch::maximum_out(slot.largest, slot.largest, slot.square);
            square = slot.largest;
        }
        slot.weight.addcdiv_(slot.mean, square.sqrt().div_(correction2).add_(epsilon),
                             -rate / correction1);
    }
}

}  // namespace ranvier
