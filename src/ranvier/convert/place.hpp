#pragma once

#include "ranvier/net/network.hpp"

#include <vector>

namespace ranvier {

/// Gives every activation a threshold, and its spikes an amplitude, of its peak activation, so that
/// a neuron at its peak fires at its highest rate and its spikes carry natural units: the weights
/// stay as they are. A channel that was silent (peak 0) gets the layer's largest peak, a silent
/// layer 1.
/// @param peaks  [n_layers][1 or channels] as from measure_peaks.
/// @throws Error(bad_input) if lengths do not fit or an entry is negative or not finite.
void place_thresholds(Network& network, const std::vector<std::vector<float>>& peaks);

/// Moves thresholds and amplitudes into the weights, so that all of them are 1 and the spikes are
/// the same:
///
///     w[o][i] <- w[o][i] * amplitude[i] / threshold[o]      b[o] <- b[o] / threshold[o]
///
/// (eq. 2 of One-Spike; B-SNN's data-based normalization.) Where no weights lie between a neuron
/// and the sum or neuron that reads it (ResNet shortcuts), a 1x1 convolution with one weight per
/// channel, amplitude[i] / threshold[o], is put in.
void normalize_weights(Network& network);

}  // namespace ranvier
