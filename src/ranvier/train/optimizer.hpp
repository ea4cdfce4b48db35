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
///     sgd    v <- momentum * v + g                        w <- w - rate * v
///     adam   m <- 0.9 m + 0.1 g,  s <- 0.999 s + 0.001 g^2
///            w <- w - rate * m / (1 - 0.9^t) / (sqrt(s / (1 - 0.999^t)) + 1e-8)
class Optimizer {
public:
    Optimizer(const TrainOptions& options, const std::vector<NamedTensor>& parameters);

    void zero_gradients();
    /// @param iteration  t, from 1: how many steps have been made with this one.
    void step(double rate, std::uint64_t iteration);

    /// Everything that the next step depends on beside the weights; write into the tensors to
    /// restore them. "LAYER.weight.momentum" or ".first_moment", ".second_moment".
    [[nodiscard]] const std::vector<NamedTensor>& state() const { return state_; }

private:
    void step_sgd(double rate);
    void step_adam(double rate, std::uint64_t iteration);

    OptimizerKind kind_;
    double momentum_;
    double weight_decay_;
    std::vector<NamedTensor> parameters_;
    std::vector<NamedTensor> state_;  ///< per parameter: sgd 1 (0 without momentum), adam 2
};

}  // namespace ranvier
