#pragma once

#include "ranvier/net/network.hpp"

#include <torch/torch.h>

#include <vector>

namespace ranvier::bench {

/// LibTorch's own forward pass of a network without batch norm, as a user would write it:
/// functional calls, no gradients, relu in place.
class TorchForward {
public:
    /// @param format  torch::MemoryFormat::Contiguous or ChannelsLast.
    TorchForward(const Network& network, torch::MemoryFormat format);
    [[nodiscard]] torch::Tensor run(torch::Tensor images) const;

private:
    const Network& network_;
    torch::MemoryFormat format_;
    std::vector<torch::Tensor> weights_, biases_;  ///< [n_layers]
};

}  // namespace ranvier::bench
