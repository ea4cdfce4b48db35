#pragma once

#include "ranvier/engine/population.hpp"
#include "ranvier/net/neuron.hpp"

#include <memory>
#include <vector>

namespace ranvier {

struct NeuronSettings {
    Neuron neuron;
    std::vector<float> thresholds;  ///< [channels]
    std::vector<float> amplitudes;  ///< [channels]
    /// one_spike: the first step in which something can arrive, and the step before phase 1.
    int first_step = 0, wait_until = 0;
    int n_phases = 0;
    std::vector<float> resting;  ///< one_spike: [place][channels] membrane after step 0
};

/// Neurons that write into signal `out`.
[[nodiscard]] std::unique_ptr<Population> make_neurons(NeuronSettings settings,
                                                       const SignalPlan& plan, std::size_t out,
                                                       std::unique_ptr<Currents> currents);

/// Values that several layers read, or that arrive a step later.
/// @param first  one_spike: the step of index 0.
[[nodiscard]] std::unique_ptr<Population> make_values(const SignalPlan& plan, std::size_t out,
                                                      std::unique_ptr<Currents> currents);

/// The output layer: sums of what arrives. @param resting  one_spike: [n_out] sums after step 0.
[[nodiscard]] std::unique_ptr<Population> make_output(const Shape& shape, int first_step,
                                                      int n_steps, std::vector<float> resting,
                                                      std::unique_ptr<Currents> currents);

}  // namespace ranvier
