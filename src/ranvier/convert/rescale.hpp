#pragma once

#include "ranvier/convert/measure.hpp"
#include "ranvier/net/network.hpp"

namespace ranvier {

/// Multiplies the weights of the first convolution or linear layer, not its bias: as if the input
/// were `factor` times as strong (rho of Sorbaro et al. 2020, section 2.1.1).
/// @throws Error(usage) unless factor is finite and > 0; Error(bad_input) without such a layer.
void scale_first_layer(Network& network, float factor);

/// Scales the weights of a ReLU network, layer by layer, so that the wanted percentile of each
/// layer's activations becomes 1 (the robust normalization of Rueckauer et al. 2017): w_l <-
/// w_l s_(l-1) / s_l, and the output as it was. What the network computes stays the same. Batch
/// norm is folded first.
/// @throws Error(unsupported) for activations other than ReLU; and as measure_peaks.
void normalize_activations(Network& network, const Samples& calibration,
                           const MeasureOptions& options, Progress& progress = no_progress());

/// Makes `kind` of every ReLU and quantized ReLU. @param kind  one of the two.
/// @throws Error(usage) for another; Error(unsupported) for a network with other activations.
void set_activations(Network& network, NeuronKind kind);

/// The part of the weights of convolutions and linear layers with |w| < 1e-9 (Sorbaro et al. 2020,
/// section 3.3). 0 without weights.
[[nodiscard]] double null_weight_fraction(const Network& network);

}  // namespace ranvier
