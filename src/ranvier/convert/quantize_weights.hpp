#pragma once

#include "ranvier/net/network.hpp"

namespace ranvier {

/// How many scales a layer's int8 weights have.
enum class WeightScale {
    channel,  ///< one per output channel
    tensor,   ///< one for the whole layer
};

/// What a scale is chosen by.
enum class ScaleRule {
    maximum,        ///< the largest |weight| becomes 127: nothing is clipped
    squared_error,  ///< the least sum of (weight - quantized)^2; may clip the largest weights
};

struct QuantizeOptions {
    WeightScale scale = WeightScale::channel;
    ScaleRule rule = ScaleRule::maximum;
};

/// Makes the weights of every convolution and linear layer 8-bit integers times a scale:
///
///     q = round(w / s) in [-127, 127], half to even        w <- q * s
///
/// symmetric, so that no zero point is needed. Biases stay float32. Scales have 17 significant
/// bits: q * s is then exact in float32, and quantizing a quantized network changes nothing.
///
/// @param network  usually after fold_batch_norm, which rescales weights; changed in place, and
///                 what was done is written into its notes ("weights").
/// @throws Error(bad_input) for a network that is not sound; it is then unchanged.
/// @note squared_error tries 64 scales from the maximum's down to half of it.
void quantize_weights(Network& network, const QuantizeOptions& options);

}  // namespace ranvier
