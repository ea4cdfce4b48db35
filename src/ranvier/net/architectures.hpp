#pragma once

#include "ranvier/net/network.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ranvier {

/// How the pools of a VGG stand to its ReLUs; B-SNN's table 1 compares the four.
enum class PoolStyle {
    own,  ///< as the architecture has them
    average_before_relu,
    average_after_relu,
    max_before_relu,
    max_after_relu,
};

struct ArchitectureOptions {
    double width = 1;  ///< factor of the channels of all layers but the output, > 0
    PoolStyle pooling = PoolStyle::own;
    bool batch_norm = false;  ///< behind every convolution, also where the paper's has none
};

/// A standard architecture with random weights (He initialization), ready to be trained.
/// @param name   one of architecture_names().
/// @param input  shape and normalization.
/// @throws Error(bad_input) naming the known ones; if the input does not fit; or for options that
///         the architecture does not have (only VGGs, the spiking papers' ResNets and all_convnet
///         can be made wider or narrower).
[[nodiscard]] Network make_architecture(const std::string& name, const Input& input, int n_classes,
                                        std::uint64_t seed,
                                        const ArchitectureOptions& options = {});
[[nodiscard]] std::vector<std::string> architecture_names();

}  // namespace ranvier
