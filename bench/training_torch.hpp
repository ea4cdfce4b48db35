#pragma once

#include "ranvier/net/network.hpp"

#include <torch/torch.h>

#include <cstdint>
#include <vector>

namespace ranvier::bench {

/// A VGG-like network for 3x32x32 and ten classes as anyone writes it against LibTorch: six 3x3
/// convolutions (32, 32, pool, 64, 64, pool, 128, 128, pool), each with batch norm and relu, a
/// hidden layer of 256 with dropout 0.5, and the output.
class TorchVgg : public torch::nn::Module {
public:
    explicit TorchVgg(std::uint64_t seed);
    torch::Tensor forward(const torch::Tensor& images);
    /// The same network as ours, with the weights of now.
    [[nodiscard]] Network network();

private:
    torch::nn::Sequential features_, classifier_;
};

/// One epoch of stochastic gradient descent over images that lie in memory, ready for use, in
/// channels-last order. Returns the mean loss.
class TorchTraining {
public:
    /// @param images  [n][3][32][32]. @param labels  [n].
    TorchTraining(TorchVgg& model, const torch::Tensor& images, torch::Tensor labels,
                  std::int64_t batch);
    double epoch();

private:
    TorchVgg& model_;
    torch::Tensor images_, labels_;
    std::int64_t batch_;
    torch::optim::SGD optimizer_;
};

}  // namespace ranvier::bench
