#pragma once

#include "ranvier/convert/measure.hpp"
#include "ranvier/net/network.hpp"

namespace ranvier {

/// Multiplies the weights of the first convolution or linear layer, not its bias: as if the input
/// were `factor` times as strong (rho of Sorbaro et al. 2020, section 2.1.1).
/// @throws Error(usage) unless factor is finite and > 0; Error(bad_input) without such a layer.
void scale_first_layer(Network& network, float factor);

/// Scales the weights of a ReLU network, layer by layer, so that the wanted percentile s_l of each
/// layer's activations becomes s_0 (the robust normalization of Rueckauer et al. 2017, with the
/// input's scale as Sorbaro et al. 2020 have it):
///
///     W_l <- W_l s_(l-1) / s_l        b_l <- b_l s_0 / s_l        the output as it was
///
/// s_0 is the percentile of the activations that no weights lie before, as in networks that begin
/// with one (event_cnn), which stay as they are; 1 where there are none. What the network computes
/// stays the same. Batch norm is folded first.
/// @throws Error(unsupported) for activations other than ReLU; Error(bad_input) if s_0 is 0; and
///         as measure_peaks.
void normalize_activations(Network& network, const Samples& calibration,
                           const MeasureOptions& options, Progress& progress = no_progress());

/// Activations times nominal fan-out, summed over the activation layers of a float network, mean
/// over `samples`: the synaptic operations of Sorbaro et al. 2020, section 2.1, as the SynOp loss
/// counts them.
/// @throws Error(bad_input) without samples; and as FloatEngine.
[[nodiscard]] double activation_synops(const Network& network, const Samples& samples,
                                       int n_threads = 0, Progress& progress = no_progress());

/// Makes `kind` of every ReLU and quantized ReLU. @param kind  one of the two.
/// @throws Error(usage) for another; Error(unsupported) for a network with other activations.
void set_activations(Network& network, NeuronKind kind);

/// The part of the weights of convolutions and linear layers with |w| < 1e-9 (Sorbaro et al. 2020,
/// section 3.3). 0 without weights.
[[nodiscard]] double null_weight_fraction(const Network& network);

}  // namespace ranvier
