#pragma once

#include "ranvier/engine/cost_model.hpp"
#include "ranvier/engine/currents.hpp"
#include "ranvier/engine/geometry.hpp"

#include <memory>

namespace ranvier {

/// The synapses of a convolution or linear layer, driven by events or, where that is cheaper, by
/// all inputs at once.
///
/// Kernels, chosen by the weights and the signal that is read:
/// - float rows: any weights; spikes' amplitudes are multiplied into the weights beforehand
/// - int8 rows: integral weights (net/integral_weights.hpp) and spikes worth 1
/// - rows of bits: the same with binary weights, 128 outputs or more at once
/// - AND-popcount: binary weights, where so many inputs spike that this is cheaper
/// - dense float: plain spikes, where most inputs spike
/// @param with_bias  adds the bias at every step (rate coding).
/// @param widest     channels of a request at most, 64 or 512.
/// @throws Error(unsupported) if a window has more than 65536 inputs.
[[nodiscard]] std::unique_ptr<Currents> make_conv_currents(
    const Layer& layer, const Shape& in_shape, const Shape& out_shape, std::size_t signal,
    const SignalPlan& plan, bool with_bias, std::size_t widest, const CostModel& costs);

}  // namespace ranvier
