#pragma once

#include "ranvier/net/network.hpp"

#include <torch/torch.h>

#include <cstdint>
#include <vector>

namespace ranvier::bench {

/// A chain of convolutions, linear layers, average pools and neurons N3 as anyone writes it against
/// LibTorch: a loop over timesteps around a loop over layers, and a spike function with the linear
/// surrogate as its gradient.
class UnrolledNetwork {
public:
    /// Weights, thresholds, leaks and steps are the network's; input is direct.
    explicit UnrolledNetwork(const Network& network);
    /// @param images  [n][channels][height][width], normalized.
    torch::Tensor forward(const torch::Tensor& images);
    /// Weights, and threshold and leak of each layer of neurons, in layer order.
    [[nodiscard]] const std::vector<torch::Tensor>& parameters() const { return parameters_; }

private:
    struct Step {
        enum class Kind { convolution, linear, pool, flatten, neurons } kind;
        torch::Tensor weight, threshold, leak, membrane;
    };
    [[nodiscard]] torch::Tensor parameter(const std::vector<std::int64_t>& dims,
                                          const std::vector<float>& values);

    std::vector<Step> layers_;
    std::vector<torch::Tensor> parameters_;
    int n_steps_;
};

}  // namespace ranvier::bench
