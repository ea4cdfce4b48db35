#pragma once

#include "ranvier/net/network.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace ranvier {

// Passes that change the graph but not the function it computes (without dropout).

/// Takes all dropout layers out.
void remove_dropout(Network& network);

/// Merges every batch norm into the convolution or linear layer before it, where that layer has no
/// other reader; elsewhere it becomes a 1x1 convolution with one weight per channel.
///
///     w <- w * scale / sqrt(variance + epsilon)     b <- (b - mean) * scale / sqrt(..) + shift
void fold_batch_norm(Network& network);

/// Exchanges every max pool that is not over activations already with the ReLU behind it:
/// max(relu(x)) = relu(max(x)), and only spikes, not currents, have a meaningful maximum in a
/// spiking network. `rule` is set on all max pools.
void lower_max_pool(Network& network, MaxRule rule);

/// Puts a ReLU before every max pool over currents that has a ReLU, and no other reader, behind it:
/// relu(max(relu(x))) = relu(max(x)).
void add_neurons_before_max_pools(Network& network);

/// The activations before and behind every max pool that stands alone between two.
[[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> neurons_around_max_pools(
    const Network& network);

/// Puts a ReLU behind every average pool that averages activations, so that it becomes a neuron of
/// its own; the pool's output is not negative, so nothing changes.
void add_pool_activations(Network& network);

}  // namespace ranvier
