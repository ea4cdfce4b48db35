#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/train/gradient_network.hpp"
#include "ranvier/train/layer_operations.hpp"
#include "ranvier/train/torch.hpp"

#include <cstdint>
#include <string>
#include <vector>

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// What Executor makes of spiking neurons.
enum class SpikingLayers {
    refused,
    /// Each is what it passes on per step on average if its current u is constant and steps are
    /// many: amplitude a times u / threshold, from 0 to a, which is one spike per step
    /// (multi_spike: unbounded; one_spike: to a / base, the earliest phase). A leak takes a (1 -
    /// leak) / 2 away, for membranes that are half full on average; reset to zero counts as by
    /// subtraction, though it fires less. An encoder has its bounds, but the identity as gradient.
    as_rates,
};

/// Runs a float network with gradients: holds its weights as LibTorch tensors, computes the
/// outputs of a batch, and puts the trained weights back.
///
/// Within, every value is [n][channels][height][width], in channels-last memory order, which
/// LibTorch's convolutions run at more than twice the speed. Gradients are those of PyTorch;
/// quantized_relu passes the gradient on where its input is > 0, sign where it is in [-1, 1]
/// (straight-through). Spiking neurons as rates have the gradient of the bounded ReLU.
class Executor final : public GradientNetwork {
public:
    /// @param dtype  torch::kFloat32, or torch::kFloat64 to check gradients.
    /// @throws Error(bad_input) as infer_shapes; Error(unsupported) if a neuron is spiking and
    ///         such are refused.
    /// @param device  of all tensors; images may come from another.
    explicit Executor(const Network& network, torch::Dtype dtype = torch::kFloat32,
                      torch::Device device = torch::kCPU, Precision precision = Precision::float32,
                      SpikingLayers spiking = SpikingLayers::refused);

    /// @param pixels  [n][channels][height][width] in [0, 1]; normalized here.
    /// @return [n][n_out] values of the output layer, in [channels][height][width] order.
    [[nodiscard]] torch::Tensor forward(const torch::Tensor& pixels, const Pass& pass) override;
    [[nodiscard]] torch::Tensor forward(const torch::Tensor& pixels) { return forward(pixels, {}); }

    /// What is trained: weights and biases; scale and shift of batch norms. In layer order.
    [[nodiscard]] const std::vector<NamedTensor>& parameters() const override {
        return parameters_;
    }
    /// What is measured on the way: the running mean and variance of batch norms.
    [[nodiscard]] const std::vector<NamedTensor>& statistics() const override {
        return statistics_;
    }

    /// The weight of a convolution or linear layer.
    [[nodiscard]] const torch::Tensor& weight(std::size_t layer) const {
        return weights_.at(layer).weight;
    }

    /// Copies all parameters and statistics into `network`, which must be the constructor's or have
    /// the same layers.
    void write_back(Network& network) const override;

private:
    /// The tensors of one layer; undefined where it has none.
    struct Weights {
        torch::Tensor weight, bias;    ///< batch norm: scale and shift
        torch::Tensor mean, variance;  ///< batch norm and input (there: mean and std)
        torch::Tensor slope, leaked;   ///< neurons as rates: of a current, and less so much
        torch::Tensor largest;         ///< neurons and input as rates; undefined: unbounded
    };
    struct Apply;

    void load(const Layer& layer, Weights& own);
    void load_rate(const Neuron& neuron, Weights& own) const;

    Network network_;  ///< its weights are those that training began with
    std::vector<Shape> shapes_;
    std::vector<std::size_t> last_reader_;  ///< [n_layers]: after it, a layer's values are dropped
    std::vector<char> overwrites_;          ///< [n_layers]: an activation that needs no own memory
    std::vector<Weights> weights_;          ///< [n_layers]
    std::vector<NamedTensor> parameters_;
    std::vector<NamedTensor> statistics_;
    torch::TensorOptions options_;  ///< type and device of all tensors
    Precision precision_;           ///< of products
};

/// A tensor's values in row-major order as ours, and back into a tensor of the same size.
[[nodiscard]] Tensor to_ranvier(const torch::Tensor& tensor);
void copy_into(const torch::Tensor& target, const Tensor& source);

}  // namespace ranvier
