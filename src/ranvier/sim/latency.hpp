#pragma once

#include "ranvier/net/network.hpp"

#include <cstdint>
#include <vector>

namespace ranvier {

/// [n_layers] layers of neurons on the longest path from the input, the layer itself included.
[[nodiscard]] std::vector<int> neuron_depths(const Network& network);

/// [n_layers] the same of the source of spikes (input, neurons) whose spikes are the first to reach
/// the layer: the smallest depth among those it reads, directly or through layers without neurons.
[[nodiscard]] std::vector<int> first_source_depths(const Network& network);

/// When a spiking network answers, in timesteps; biases and the constant part of the input are in
/// place before step 1.
struct Latency {
    int depth = 0;      ///< L: layers of neurons on the longest path
    int steps = 0;      ///< from an image's first step to its final output: one_spike L * W + T
    int per_image = 0;  ///< a pipeline accepts an image, and answers one, every so many steps: T
    /// Membranes that every neuron needs for a pipeline, in the layer that needs most. A layer at
    /// depth d serves an image from the first spike that can arrive until its own window closes,
    /// which takes (d - depth of its first source) * W + T steps, and gets another image every T.
    int membrane_banks = 1;

    /// Steps from the first image's first step to the last one's output.
    [[nodiscard]] std::int64_t pipelined(std::int64_t n_images) const noexcept {
        return n_images == 0 ? 0 : (n_images - 1) * per_image + steps;
    }
};

/// Steps that layer `l` serves one image, one_spike.
[[nodiscard]] constexpr int service_steps(int depth, int first_source, const Timing& timing) {
    return (depth - first_source) * timing.wait + timing.steps;
}

/// Membranes per neuron that let a layer take an image every T steps: ceil(service / T).
[[nodiscard]] constexpr int membrane_banks(int depth, int first_source, const Timing& timing) {
    return (service_steps(depth, first_source, timing) + timing.steps - 1) / timing.steps;
}

/// @param network  spiking and sound. Rate coding: `steps` and `per_image` are both the timesteps.
[[nodiscard]] Latency latency_of(const Network& network);

}  // namespace ranvier
