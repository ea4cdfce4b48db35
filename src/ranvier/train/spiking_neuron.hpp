#pragma once

#include "ranvier/train/surrogate.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ranvier {

/// A layer of neurons N2 or N3 (sim/neuron_step.hpp) through some timesteps, for gradients. All
/// that is kept of the forward pass is the membrane, once per step: spikes follow from it.
///
/// Values of a step are [place][channel]; the channel is the fastest index.
template <typename Real>
struct NeuronSteps {
    bool delayed = false;  ///< N2, else N3
    Surrogate surrogate{};
    std::size_t channels = 1;
    std::size_t size = 0;  ///< values of a step: places of all samples times channels
    std::size_t n_steps = 0;
    Real leak = 1;
    const Real* threshold = nullptr;  ///< [channels]
    const Real* amplitude = nullptr;  ///< [channels] what a spike is worth
    /// [1 + n_steps][size]: at the end of each step, N3: before the reset. Slot 0 is the step
    /// before the first; all zeros where there is none.
    Real* membrane = nullptr;
};

/// A spike that never was is so long ago that the STDB surrogate is 0.
constexpr std::uint8_t no_spike_yet = 255;

/// Runs elements [begin, end), whole places, through all steps; fills membrane slots 1 to n_steps.
/// @param currents  [n_steps][size], or [size] for all steps if `constant`.
/// @param spikes    [n_steps][size] spikes times amplitude; may be `currents` unless constant.
/// @param n_spikes  [n_steps], added to.
/// @param since     [size] steps from the last spike to the first step; moved on to behind the last
///                  step. Null but for the STDB surrogate.
template <typename Real>
void run_neurons(const NeuronSteps<Real>& steps, const Real* currents, bool constant, Real* spikes,
                 std::uint64_t* n_spikes, std::uint8_t* since, std::size_t begin, std::size_t end);

/// Spikes times amplitude of elements [begin, end) again, from the membranes alone.
/// @param spikes  [n_steps][size].
template <typename Real>
void read_spikes(const NeuronSteps<Real>& steps, Real* spikes, std::size_t begin, std::size_t end);

/// What a loss changes with.
struct NeuronGradients {
    std::vector<double> threshold;  ///< [channels]
    double leak = 0;
};

/// The backward pass of run_neurons, steps last to first. The spike inside the reset is a constant;
/// everything else is exact:
///
///     N3   g'(t) = leak g(t+1)    g(t) = g'(t) + g_o(t) s'(z) / v    dI(t) = g(t)
///          dv += -g_o s'(z) u / v^2 - g' s          dleak += g(t) u_after(t-1)
///     N2   dI(t) = g(t)    g(t-1) = leak g(t) + g_o(t) s'(z) / v,   z and s from u(t-1)
///          dv += -g_o s'(z) u(t-1) / v^2 - g(t) s   dleak += g(t) u(t-1)
///
/// @param gradients  [n_steps][size] of what was emitted; replaced by those of the currents.
/// @param carry      [size] what later steps leave for the membrane behind the last step here (zero
///                   where there are none); replaced by what is left for the step before.
/// @param since      as given to run_neurons, unchanged; null but for the STDB surrogate.
/// @param sums       added to; its threshold has `channels` entries.
template <typename Real>
void run_neurons_backward(const NeuronSteps<Real>& steps, Real* gradients, Real* carry,
                          const std::uint8_t* since, NeuronGradients& sums, std::size_t begin,
                          std::size_t end);

}  // namespace ranvier
