#pragma once

#include "ranvier/train/attack.hpp"
#include "ranvier/train/executor.hpp"
#include "ranvier/train/spiking_run.hpp"

#include <memory>

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// The gradient of the loss with respect to the pixels, of a float or a spiking network. May be
/// used by several threads at once.
class InputGradient {
public:
    /// @throws Error(unsupported) naming the layer if the network has none, or not the one that
    ///         `kind` asks for.
    InputGradient(const Network& network, const Surrogate& surrogate,
                  torch::Device device = torch::kCPU,
                  SpikeGradient kind = SpikeGradient::automatic);

    /// What it is; automatic: a float network's.
    [[nodiscard]] SpikeGradient kind() const noexcept { return kind_; }

    /// @param pixels  [n][channels][height][width] in [0, 1]; undefined if `pass` has frames, of
    ///                which the gradient is then, summed over steps.
    /// @param labels  [n], int64.
    /// @return as `pixels`, of the sum over images of the cross entropy of the outputs; those of a
    ///         spiking network divided by its timesteps.
    [[nodiscard]] torch::Tensor operator()(const torch::Tensor& pixels, const torch::Tensor& labels,
                                           const SpikingPass& pass = {}) const;

private:
    [[nodiscard]] torch::Tensor through_time(const torch::Tensor& pixels,
                                             const torch::Tensor& labels,
                                             const SpikingPass& pass) const;

    SpikeGradient kind_;
    std::unique_ptr<Executor> float_;  ///< a float network, or rates
    std::unique_ptr<SpikingModel> spiking_;
};

}  // namespace ranvier
