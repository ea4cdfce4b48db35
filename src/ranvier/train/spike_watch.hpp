#pragma once

#include "ranvier/base/process_group.hpp"
#include "ranvier/net/network.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ranvier {

/// Watches for layers that have fallen silent: no gradient that helps passes them any more.
class SpikeWatch {
public:
    /// @param patience  batches that a layer may be silent; its neurons may come back.
    SpikeWatch(std::size_t n_layers, std::size_t patience);

    /// @param spikes  [n_layers][steps] of a batch; empty for layers without neurons. Processes add
    ///                their parts.
    /// @returns the first layer whose patience has run out.
    [[nodiscard]] std::optional<std::size_t> add(
        const std::vector<std::vector<std::uint64_t>>& spikes, ProcessGroup& processes);

    /// Whether every layer of neurons fired in the last batch.
    [[nodiscard]] bool all_fire() const;
    [[nodiscard]] std::size_t patience() const { return patience_; }

private:
    std::size_t patience_;
    std::vector<std::size_t> silent_batches_;  ///< [n_layers] in a row
};

/// What is known of a layer that fell silent, how far spikes still came, and what to try.
/// @param network  as trained so far. @param spikes  as of SpikeWatch::add.
/// @param when     "the last 100 batches".
[[nodiscard]] std::string silence_advice(const Network& network, std::size_t layer,
                                         const std::vector<std::vector<std::uint64_t>>& spikes,
                                         const std::string& when);

}  // namespace ranvier
