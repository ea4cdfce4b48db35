#pragma once

#include "ranvier/train/surrogate.hpp"
#include "ranvier/train/torch.hpp"

#include <cstdint>

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// The neurons N2 or N3 of an activation layer as tensors.
struct SpikingNeurons {
    bool delayed = false;  ///< N2, else N3
    Surrogate surrogate{};
    torch::Tensor threshold;  ///< [1] or [channels]
    torch::Tensor amplitude;  ///< [1] or [channels]
    torch::Tensor leak;       ///< [1]
};

/// A layer of neurons through some timesteps (spiking_neuron.hpp), on all cores; on other devices
/// by LibTorch's operators. Values are [steps * n][channels][height][width], channels-last.
struct SpikingLayer {
    const SpikingNeurons& neurons;
    std::int64_t n_steps = 0;
    /// [(1 + n_steps) * n][channels][height][width]; slot 0 is the step before the first.
    torch::Tensor membrane;
    /// [n][channels][height][width] uint8: steps since the last spike when the first step begins;
    /// undefined but for the STDB surrogate.
    torch::Tensor since;

    /// Fills the membrane's slots from 1 on and moves `since` behind the last step.
    /// @param currents  [n_steps * n] images, which may be overwritten; `constant`: [n] for all
    /// steps
    ///                  alike.
    /// @param n_spikes  [n_steps], added to.
    /// @return spikes times amplitude.
    [[nodiscard]] torch::Tensor run(const torch::Tensor& currents, bool constant,
                                    std::uint64_t* n_spikes);
    /// The spikes again, from the membrane.
    [[nodiscard]] torch::Tensor spikes() const;
    /// The membrane that goes into a step, behind the reset of the step before: [n] images.
    [[nodiscard]] torch::Tensor entering(std::int64_t step) const;

    struct Gradients {
        torch::Tensor currents;   ///< [n_steps * n] images
        torch::Tensor threshold;  ///< like the neurons' threshold, float64
        torch::Tensor leak;       ///< [1], float64
    };
    /// @param gradients  of what `run` returned; may be overwritten.
    /// @param carry      [n] images; see run_neurons_backward.
    [[nodiscard]] Gradients backward(const torch::Tensor& gradients, const torch::Tensor& carry);

    /// As run, spikes and backward, written with LibTorch's operators: for other devices, and to
    /// compare with.
    [[nodiscard]] torch::Tensor run_by_operators(const torch::Tensor& currents, bool constant,
                                                 std::uint64_t* n_spikes);
    [[nodiscard]] torch::Tensor spikes_by_operators() const;
    [[nodiscard]] Gradients backward_by_operators(const torch::Tensor& gradients,
                                                  const torch::Tensor& carry);

private:
    [[nodiscard]] std::int64_t n_samples() const { return membrane.size(0) / (n_steps + 1); }
    /// A slot of the membrane, [n] images.
    [[nodiscard]] torch::Tensor slot(std::int64_t index) const;
    /// The spikes of a step, 0 or 1, and the membrane that they are decided from.
    [[nodiscard]] torch::Tensor deciding(std::int64_t step) const {
        return slot(neurons.delayed ? step : step + 1);
    }
    [[nodiscard]] torch::Tensor fired(std::int64_t step) const;
    [[nodiscard]] torch::Tensor slope(std::int64_t step, const torch::Tensor& steps_since) const;
};

}  // namespace ranvier
