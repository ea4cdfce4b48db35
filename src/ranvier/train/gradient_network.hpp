#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/train/batch_part.hpp"
#include "ranvier/train/torch.hpp"

#include <cstdint>
#include <string>
#include <vector>

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// How a forward pass is meant.
struct Pass {
    /// Batch norm uses the whole batch's statistics and updates the running ones; dropout is
    /// active.
    bool training = false;
    /// The dropout masks are a function of (seed, iteration, layer, element of the whole batch) and
    /// of nothing else; so is Poisson input, of the sample's number too.
    std::uint64_t seed = 0;
    std::uint64_t iteration = 0;
    /// If not null: filled with what activation layers put out, [n_layers].
    std::vector<torch::Tensor>* activations = nullptr;
    BatchPart part{};
    /// Not in training: number of the whole batch's first sample in its data set.
    std::uint64_t sample = 0;
};

struct NamedTensor {
    /// "LAYER.weight", ".bias", ".scale", ".shift", ".mean", ".variance", ".threshold", ".leak"
    std::string name;
    torch::Tensor tensor;
};

/// A network that is being trained: its parameters as tensors, its outputs with gradients.
class GradientNetwork {
public:
    GradientNetwork() = default;
    GradientNetwork(const GradientNetwork&) = delete;
    GradientNetwork& operator=(const GradientNetwork&) = delete;
    virtual ~GradientNetwork() = default;

    /// @param pixels  [n][channels][height][width] in [0, 1]; normalized here.
    /// @return [n][n_out] values of the output layer, in [channels][height][width] order.
    [[nodiscard]] virtual torch::Tensor forward(const torch::Tensor& pixels, const Pass& pass) = 0;
    /// What is trained, in layer order.
    [[nodiscard]] virtual const std::vector<NamedTensor>& parameters() const = 0;
    /// What is measured on the way: the running mean and variance of batch norms.
    [[nodiscard]] virtual const std::vector<NamedTensor>& statistics() const = 0;
    /// Copies all parameters and statistics into `network`, which must be the constructor's or have
    /// the same layers.
    virtual void write_back(Network& network) const = 0;
};

}  // namespace ranvier
