#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/train/torch.hpp"
#include "ranvier/train/trainer.hpp"

#include <vector>

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// The synaptic operations that a network's activations would cost as spikes (Sorbaro et al. 2020,
/// section 2.1): S = sum over layers of fan-out times activation, mean over the samples of a batch.
/// The fan-out of a layer is the sum of the nominal ones of the weighted layers that read it,
/// through pools and the like, which have none.
class SynopCounter {
public:
    /// @param penalty  activations: every fan-out that is not 0 is 1.
    SynopCounter(const Network& network, SynopPenalty penalty);

    /// S of a batch. @param activations  [n_layers]; those of activation layers are used.
    [[nodiscard]] torch::Tensor count(const std::vector<torch::Tensor>& activations) const;

    [[nodiscard]] const std::vector<double>& fan_outs() const { return fan_outs_; }

private:
    std::vector<double> fan_outs_;  ///< [n_layers]; 0: not an activation, or nobody reads it
};

/// ((S - S0) / S0)^2, equation 2 with alpha = 1 / S0^2.
[[nodiscard]] torch::Tensor synop_loss(const torch::Tensor& synops, double target);

}  // namespace ranvier
