#pragma once

#include "ranvier/base/samples.hpp"
#include "ranvier/net/network.hpp"
#include "ranvier/train/trainer.hpp"

namespace ranvier {

/// Everything that can be checked before a training begins.
/// @throws Error(bad_input) for an unsound network, samples that do not fit it, or options out of
///         range; Error(unsupported) if a neuron is spiking.
void require_trainable(const Network& network, const Samples& samples, const TrainOptions& options);

}  // namespace ranvier
