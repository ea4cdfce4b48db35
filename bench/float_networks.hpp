#pragma once

#include "ranvier/net/network.hpp"

#include <cstdint>

namespace ranvier::bench {

/// ResNet-20 for 3x32x32 (He et al. 2015, option A shortcuts), batch norm folded, random weights.
[[nodiscard]] Network resnet20(std::uint64_t seed);

/// SqueezeNet 1.1 for 3x224x224 (Iandola et al. 2016), random weights.
[[nodiscard]] Network squeezenet(std::uint64_t seed);

}  // namespace ranvier::bench
