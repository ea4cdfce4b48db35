#pragma once

#include "ranvier/base/samples.hpp"
#include "ranvier/data/memory_samples.hpp"
#include "ranvier/net/network.hpp"

#include <cstddef>
#include <cstdint>

namespace ranvier::bench {

enum class Weights { float32, int8, binary };

/// `n` images of random pixels for a network.
[[nodiscard]] MemorySamples random_samples(const Network& network, std::size_t n,
                                           std::uint64_t seed);

/// VGG-16 (CIFAR size, 313 M MAC, batch norm folded, max pooling), random weights, ReLUs.
[[nodiscard]] Network vgg16(std::uint64_t seed);

/// The same with integrate-and-fire neurons (subtract), direct input, spikes worth 1, max pools
/// that pass whatever spikes. Each layer's neurons fire as often as those of a trained VGG-16 that
/// was converted (docs/results/vgg16_rates.json): its threshold is set so.
[[nodiscard]] Network spiking_vgg16(std::uint64_t seed, int steps, Weights weights);

}  // namespace ranvier::bench
