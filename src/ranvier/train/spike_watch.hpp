#pragma once

#include "ranvier/base/process_group.hpp"
#include "ranvier/net/network.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ranvier {

/// Stops the training of a spiking network in which a layer has fallen silent: no gradient that
/// helps passes it any more.
class SpikeWatch {
public:
    /// @param patience  batches that a layer may be silent; its neurons may come back.
    SpikeWatch(const Network& network, std::size_t patience);

    /// @param spikes  [n_layers][steps] of a batch; empty for layers without neurons. Processes add
    ///                their parts.
    /// @throws Error(bad_input) naming the layer, the step up to which spikes still came, and what
    ///         to try.
    void add(const std::vector<std::vector<std::uint64_t>>& spikes, ProcessGroup& processes);

private:
    [[noreturn]] void stop(std::size_t layer,
                           const std::vector<std::vector<std::uint64_t>>& spikes) const;

    const Network& network_;
    std::size_t patience_;
    std::vector<std::size_t> silent_batches_;  ///< [n_layers] in a row
};

/// What to try when the loss of a spiking network is no longer finite.
/// @param step  from 0. @param rate  the learning rate.
[[nodiscard]] std::string divergence_advice(const Network& network, std::size_t layer, int step,
                                            double rate);

}  // namespace ranvier
