#pragma once

#include "ranvier/c/handles.hpp"
#include "ranvier/c/ranvier.h"
#include "ranvier/engine/fast_plan.hpp"
#include "ranvier/net/network.hpp"
#include "ranvier/sim/simulator.hpp"

#include <memory>
#include <mutex>

namespace ranvier::c_api {

/// What a ranvier_network is: a network and what runs it. Never changes.
class Model {
public:
    /// @throws Error(unsupported) for a float network, and as the engines.
    explicit Model(Network network);

    [[nodiscard]] const Network& network() const noexcept { return network_; }
    [[nodiscard]] const SpikingEngine& engine() const noexcept { return *engine_; }
    [[nodiscard]] std::size_t n_inputs() const noexcept { return n_inputs_; }
    [[nodiscard]] std::size_t n_outputs() const noexcept { return n_outputs_; }
    [[nodiscard]] bool phase_coded() const noexcept { return phase_coded_; }
    /// For streams; made when first asked for. @throws Error(unsupported) as FastPlan.
    [[nodiscard]] std::shared_ptr<const FastPlan> plan() const;

private:
    Network network_;
    std::unique_ptr<SpikingEngine> engine_;  ///< fast, or reference where that cannot
    std::size_t n_inputs_ = 0, n_outputs_ = 0;
    bool phase_coded_ = false;
    mutable std::mutex planning_;
    mutable std::shared_ptr<const FastPlan> plan_;
};

/// All open networks.
[[nodiscard]] Handles<ranvier_network, const Model>& models();

}  // namespace ranvier::c_api
