#pragma once

#include "ranvier/train/gradient_network.hpp"
#include "ranvier/train/spiking_run.hpp"
#include "ranvier/train/trainer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// Which layer's values are the first that are not finite, and at which timestep.
[[nodiscard]] std::string fault_text(const Network& network, const NumericalFault& fault);

/// The parameter whose gradient is the first that is not finite on the way back: the last in layer
/// order. None: only their sum is too large.
[[nodiscard]] std::optional<std::string> unsound_gradient(
    const std::vector<NamedTensor>& parameters);

/// Which parameter's largest value has grown most, where one has become ten times as large.
/// @param before  the same parameters.
[[nodiscard]] std::optional<std::string> grown_most(const std::vector<NamedTensor>& now,
                                                    const std::vector<NamedTensor>& before);

/// What to try against a divergence after so many steps: a tenth of the rate that was in force, or,
/// before the first step, another network.
[[nodiscard]] std::string divergence_advice(const TrainOptions& options, std::uint64_t n_steps,
                                            std::uint64_t n_batches);

}  // namespace ranvier
