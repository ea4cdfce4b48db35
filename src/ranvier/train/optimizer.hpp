#pragma once

#include "ranvier/train/executor.hpp"
#include "ranvier/train/trainer.hpp"

#include <cstdint>
#include <vector>

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// SGD with momentum, or Adam, as torch::optim computes them (a test compares). Written out here
/// because a checkpoint must hold the whole state, and torch::optim files it under keys whose type
/// differs between LibTorch 1 and 2.
///
///     g = gradient + weight_decay * w
///     sgd      v <- momentum * v + g                        w <- w - rate * v
///     adam     m <- beta1 m + (1 - beta1) g,  s <- beta2 s + (1 - beta2) g^2
///              w <- w - rate * m / (1 - beta1^t) / (sqrt(s / (1 - beta2^t)) + 1e-8)
///     amsgrad  adam with max(s of all iterations so far) in the place of s
///
/// @see Kingma and Ba 2015, arXiv:1412.6980; Reddi et al. 2018, arXiv:1904.09237.
class Optimizer {
public:
    Optimizer(const TrainOptions& options, const std::vector<NamedTensor>& parameters);

    void zero_gradients();
    /// @param iteration  t, from 1: how many steps have been made with this one.
    void step(double rate, double weight_decay, std::uint64_t iteration);

    /// Everything that the next step depends on beside the weights; write into the tensors to
    /// restore them. "LAYER.weight.momentum" or ".first_moment", ".second_moment", ".largest".
    [[nodiscard]] const std::vector<NamedTensor>& state() const { return state_; }

private:
    /// What belongs to one parameter; undefined where the optimizer needs none.
    struct Slot {
        torch::Tensor weight, momentum, mean, square, largest;
    };
    void step_sgd(double rate, double weight_decay);
    void step_adam(double rate, double weight_decay, std::uint64_t iteration);

    OptimizerKind kind_;
    double momentum_, beta1_, beta2_;
    std::vector<Slot> slots_;  ///< [n_parameters]
    std::vector<NamedTensor> state_;
};

}  // namespace ranvier
