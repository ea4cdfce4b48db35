#pragma once

#include "ranvier/net/network.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ranvier {

/// For tests: a random sound float network of about `n_layers` layers that mixes every operation
/// with awkward sizes, strides, asymmetric padding, groups, dilation, ceil mode and several readers
/// per layer. Values stay near 1. The same seed gives the same network.
[[nodiscard]] Network random_float_network(std::uint64_t seed, std::size_t n_layers);

/// `n` images in [0, 1] for it.
[[nodiscard]] Tensor random_images(const Network& network, std::size_t n, std::uint64_t seed);

/// Normal values of the given standard deviation.
[[nodiscard]] Tensor random_tensor(std::vector<std::int64_t> dims, float deviation,
                                   std::uint64_t seed);

}  // namespace ranvier
