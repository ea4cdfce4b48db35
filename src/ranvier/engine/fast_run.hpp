#pragma once

#include "ranvier/engine/fast_plan.hpp"
#include "ranvier/sim/poisson_input.hpp"
#include "ranvier/sim/simulator.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ranvier {

/// Some samples going through a network together, a chunk of timesteps at a time:
///
///     FastRun run(plan, n_slots, chunk, crew);
///     run.begin(slot, image);  run.advance(slots, n);  run.logits(slot, step_of_chunk)
///
/// Each slot is at its own timestep. Memory is that of the slots, whatever the number of steps.
class FastRun {
public:
    FastRun(const FastPlan& plan, std::size_t n_slots, std::size_t chunk, Crew& crew);

    /// Forgets the slot's sample and presents an image, [channels][height][width] in [0, 1].
    /// @param draw  Poisson input: its seed and sample.
    void begin(std::size_t slot, std::span<const float> image, const PoissonDraw& draw = {});
    /// Rate coding: another frame for the sample in `slot`, from the next step on; nothing else
    /// changes.
    void set_frame(std::size_t slot, std::span<const float> frame);
    /// Rate coding: n steps, at most `chunk`. One-spike coding: all steps at once.
    void advance(std::span<const std::size_t> slots, std::size_t n);

    /// Sums after step `step` of the last chunk (one_spike: at the end), [n_out].
    [[nodiscard]] std::span<const float> logits(std::size_t slot, std::size_t step) const;
    /// What a layer that the plan keeps (signal_of) sent in the last chunk.
    [[nodiscard]] const Signal& signal(std::size_t layer) const {
        return parts_.signals.at(static_cast<std::size_t>(plan_.signal_of(layer)));
    }
    /// Adds the spikes of the last chunk's first `n` steps to the counts (one_spike: of all).
    void count(std::size_t slot, std::size_t n);
    /// Rate coding: what the spikes of one step of the last chunk cost.
    [[nodiscard]] std::uint64_t cost(std::size_t slot, std::size_t step,
                                     const SpikeCosts& costs) const;
    /// [n_layers][channels][height][width] of all counted; empty where a layer does not spike.
    [[nodiscard]] std::vector<std::vector<std::uint64_t>> spike_counts() const;
    /// [population] time spent on each so far, its event lists included.
    [[nodiscard]] const std::vector<double>& seconds() const noexcept { return seconds_; }
    /// All counts are 0 again.
    void clear_counts();

private:
    /// Poisson input: what a slot is shown.
    struct PoissonState {
        std::vector<float> pixels;  ///< normalized, [channels][height][width]
        PoissonDraw draw;           ///< of the next step
    };

    [[nodiscard]] bool poisson() const {
        return plan_.network().timing.input == InputCoding::poisson;
    }
    void draw_input(std::size_t slot, std::size_t n);
    void move_counts();
    void list_events(std::size_t signal, std::span<const std::size_t> slots, std::size_t n);
    void run_populations(bool constant, std::span<const std::size_t> slots, std::size_t n);

    const FastPlan& plan_;
    Crew& crew_;
    RunParts parts_;
    std::size_t n_out_;
    std::size_t output_;                              ///< population
    std::vector<std::vector<std::uint32_t>> counts_;  ///< [layer][place][64 * words], the latest
    std::vector<std::vector<std::uint64_t>> earlier_counts_;  ///< the same, so that none overflows
    std::size_t steps_counted_ = 0;                           ///< in counts_
    std::vector<double> seconds_;                             ///< [population]
    std::vector<PoissonState> poisson_;                       ///< [slot], Poisson input
};

}  // namespace ranvier
