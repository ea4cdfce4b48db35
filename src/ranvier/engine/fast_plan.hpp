#pragma once

#include "ranvier/engine/cost_model.hpp"
#include "ranvier/engine/population.hpp"
#include "ranvier/net/network.hpp"
#include "ranvier/sim/reference_run.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace ranvier {

/// One line of a plan, for people.
struct PlanLine {
    std::string layer;
    std::string does;    ///< "neurons", "max pool", "values", ...
    std::string kernel;  ///< what computes it, and what it is chosen by
};

/// A spiking network compiled for the fast engine: which layers keep something, what they read, and
/// by which kernels. Made once, shared by all runs, never changed.
class FastPlan {
public:
    /// @throws Error(unsupported) naming the layer: graph networks, neurons with more than 65536
    ///         inputs, and what ReferencePlan refuses.
    explicit FastPlan(const Network& network);

    [[nodiscard]] const Network& network() const noexcept { return reference_.network; }
    [[nodiscard]] const ReferencePlan& reference() const noexcept { return reference_; }
    [[nodiscard]] bool phase_coded() const noexcept { return reference_.phase_coded; }
    /// Signal of a layer, or -1.
    [[nodiscard]] int signal_of(std::size_t layer) const { return signal_of_[layer]; }
    [[nodiscard]] const std::vector<std::unique_ptr<SignalPlan>>& signals() const {
        return signals_;
    }
    [[nodiscard]] const std::vector<std::unique_ptr<Population>>& populations() const {
        return populations_;
    }
    /// [population] the layer that it computes.
    [[nodiscard]] std::size_t layer_of(std::size_t population) const { return layer_[population]; }
    /// Signals whose event lists somebody reads.
    [[nodiscard]] bool lists_events(std::size_t signal) const { return lists_events_[signal]; }
    [[nodiscard]] std::vector<PlanLine> lines() const;
    /// Bytes that one sample takes while it is run with chunks of `chunk` steps, without the lists
    /// of events, which grow with the spikes.
    [[nodiscard]] std::size_t bytes_per_sample(std::size_t chunk) const;

private:
    [[nodiscard]] bool is_kept(std::size_t l) const;
    void add_signal(std::size_t l);
    void add_population(std::size_t l);
    void set_worth(std::size_t l, SignalPlan& plan) const;
    [[nodiscard]] std::unique_ptr<Currents> currents_into(std::size_t l);
    [[nodiscard]] std::unique_ptr<Currents> currents_of(std::size_t l, std::size_t widest = 64);
    [[nodiscard]] std::unique_ptr<Population> make_population(std::size_t l);
    /// one_spike: first and last step in which layer l can emit.
    void find_windows();
    void find_resting();

    ReferencePlan reference_;
    CostModel costs_;
    std::vector<std::vector<std::size_t>> readers_;  ///< [layer]
    std::vector<int> signal_of_;                     ///< [layer]
    std::vector<bool> constant_;                     ///< [layer]
    std::vector<int> first_, last_;                  ///< [layer] one_spike
    std::vector<std::vector<float>> resting_;        ///< [layer] one_spike: after step 0
    std::vector<std::unique_ptr<SignalPlan>> signals_;
    std::vector<bool> lists_events_;
    std::vector<std::unique_ptr<Population>> populations_;
    std::vector<std::size_t> layer_;
};

/// Whether the fast engine can run `network`; if not, why.
[[nodiscard]] std::string why_not_fast(const Network& network);

}  // namespace ranvier
