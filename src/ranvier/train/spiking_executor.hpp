#pragma once

#include "ranvier/train/spiking_run.hpp"

#include <cstdint>
#include <memory>
#include <vector>

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// Runs a spiking network with gradients through time: the counterpart of Executor.
class SpikingExecutor final : public GradientNetwork {
public:
    /// @throws as SpikingModel.
    SpikingExecutor(const Network& network, const SpikeTraining& training,
                    torch::Dtype dtype = torch::kFloat32, torch::Device device = torch::kCPU,
                    Precision precision = Precision::float32);

    /// @param pixels  [n][channels][height][width] in [0, 1], coded as the network says. They get a
    ///                gradient if they want one: the coding counts as the identity.
    /// @return [n][n_out] sums over time, differentiable where gradients are enabled.
    [[nodiscard]] torch::Tensor forward(const torch::Tensor& pixels, const SpikingPass& pass = {});
    [[nodiscard]] torch::Tensor forward(const torch::Tensor& pixels, const Pass& pass) override;

    /// Weights and biases; thresholds and leaks if they are trained.
    [[nodiscard]] const std::vector<NamedTensor>& parameters() const override {
        return model_.parameters;
    }
    [[nodiscard]] const std::vector<NamedTensor>& statistics() const override { return none_; }
    /// [n_layers][steps] spikes of the last pass's batch; empty for layers without neurons.
    [[nodiscard]] const std::vector<std::vector<std::uint64_t>>& spikes() const { return spikes_; }
    /// After an optimizer's step: every leak in [0, 1].
    /// @throws Error(bad_input) naming the layer whose threshold is not above 0.
    void limit_neurons();
    void write_back(Network& network) const override;
    /// The first membrane or output sum that is not finite, in such a pass.
    [[nodiscard]] NumericalFault find_fault(const torch::Tensor& pixels, const Pass& pass) const;

private:
    void require_images(const torch::Tensor& pixels, const SpikingPass& pass) const;

    SpikingModel model_;
    std::vector<NamedTensor> none_;
    std::vector<std::vector<std::uint64_t>> spikes_;
};

}  // namespace ranvier
