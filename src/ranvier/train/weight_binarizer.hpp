#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/train/torch.hpp"

#include <cstddef>
#include <vector>

// Includes LibTorch: only for source files of this part.
namespace ranvier {

/// The layers whose weights BinaryWeights::inner makes binary, in order.
/// @throws Error(bad_input) if there are none; Error(unsupported) naming a layer whose outputs have
///         one input channel each, which centring would make 0.
[[nodiscard]] std::vector<std::size_t> inner_weighted_layers(const Network& network);

/// Trains weights of which only the sign counts, with one scale per output (Rastegari et al. 2016,
/// as B-SNN, section 3.2, and its code have it). For each output's n weights w, k of them per
/// input channel, n_in input channels:
///
///     before the forward pass   w <- w - mean over input channels;  w <- clamp(w, -1, 1)   (kept)
///                               b = scale * sign(w),  scale = sum |w| / n            (in its
///                               place)
///     after the backward pass   g <- (scale g + sign(w) / n * sum_j sign(w_j) g_j) (1 - 1/n_in) n
///
/// sign(0) is +1. The optimizer then moves w by g.
class WeightBinarizer {
public:
    /// @param weights  [n_out][n_in] or [n_out][n_in][k_h][k_w], with gradients; worked on in
    /// place.
    explicit WeightBinarizer(std::vector<torch::Tensor> weights);

    /// The weights become binary, until restore().
    void binarize();
    /// The weights are real again, their gradients those that the rule gives them.
    void restore();

private:
    struct Kept {
        torch::Tensor weight, sign, scale;
    };
    std::vector<torch::Tensor> weights_;
    std::vector<Kept> kept_;  ///< [weights], between binarize and restore
};

}  // namespace ranvier
