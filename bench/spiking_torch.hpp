#pragma once

#include "ranvier/net/network.hpp"

#include <torch/torch.h>

#include <vector>

namespace ranvier::bench {

/// The usual way to run a converted network in LibTorch, as Python tools do it: the timesteps of a
/// layer's input stand behind one another in the batch, one convolution for all of them, then the
/// neurons step by step. What is constant is computed once. Chains of convolution,
/// integrate-and-fire neurons, max pool, flatten and linear.
class SpikingTorch {
public:
    SpikingTorch(const Network& network, torch::MemoryFormat format);
    /// @param images  [n][channels][height][width] in [0, 1]. @return [n][n_out] sums.
    [[nodiscard]] torch::Tensor run(const torch::Tensor& images) const;
    /// One float forward pass with ReLUs in place of the neurons.
    [[nodiscard]] torch::Tensor run_float(const torch::Tensor& images) const;

private:
    [[nodiscard]] torch::Tensor normalized(const torch::Tensor& images) const;
    [[nodiscard]] torch::Tensor apply(std::size_t l, const torch::Tensor& x) const;

    const Network& network_;
    torch::MemoryFormat format_;
    std::vector<torch::Tensor> weights_, biases_;  ///< [n_layers]
};

}  // namespace ranvier::bench
