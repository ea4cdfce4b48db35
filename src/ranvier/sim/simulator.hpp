#pragma once

#include "ranvier/base/progress.hpp"
#include "ranvier/base/samples.hpp"
#include "ranvier/net/network.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace ranvier {

/// Spikes of every neuron, [n_layers][size of the layer's output] in [channels][height][width]
/// order, summed over timesteps and samples. Empty for layers that emit no spikes: only activation
/// layers, max pools and a binary-phase input do. Does not grow with steps or samples.
using SpikeCounts = std::vector<std::vector<std::uint64_t>>;

/// What one spike costs, in any whole unit, [n_layers][height][width]: the same for all channels.
/// Empty for layers that send no spikes. energy/spike_costs.hpp has synaptic operations.
using SpikeCosts = std::vector<std::vector<std::uint32_t>>;

/// When a rate-coded sample's decision is final before its last step (B-SNN's early exit).
struct ExitRule {
    enum class Kind {
        none,
        maximum,  ///< the largest output sum exceeds the threshold
        margin,   ///< it exceeds the second largest by more than the threshold
    };
    Kind kind = Kind::none;
    float threshold = 0;  ///< in the unit of the outputs
};

/// Whether a sample with these output sums is done, [n_out].
[[nodiscard]] bool exits(const ExitRule& rule, std::span<const float> logits);

struct SimulationOptions {
    int n_threads = 0;  ///< 0: all cores
    int steps = 0;      ///< rate coding: run so many steps instead of the network's; 0: its own
    bool keep_logits = false;
    std::uint64_t seed = 1;          ///< Poisson input: another seed, other spikes
    std::uint64_t first_sample = 0;  ///< Poisson input: number of the first sample in its data set
    ExitRule exit{};                 ///< rate coding, fast engine only
    /// Rate coding: adds up the costs of each timestep's spikes; null: does not. Not owned.
    const SpikeCosts* spike_costs = nullptr;
};

/// What a spiking network does on a data set.
struct SimulationResult {
    std::size_t samples = 0;
    int steps = 0;  ///< timesteps per sample (rate), phases of the code (one_spike)
    int latency =
        0;  ///< timesteps from the first input to the final output (docs/methods/one_spike.md)
    /// [steps]: samples classified right if the output is read after so many steps (rate coding; an
    /// early exit's decision stays); one_spike: one entry, at the end.
    std::vector<std::uint64_t> correct_after;
    /// With an exit rule: [steps] samples that were done after so many steps; those that never met
    /// the rule are in the last. Their spikes are counted up to there.
    std::vector<std::uint64_t> exits_after;
    /// With spike costs: [steps] what the spikes of each step cost, summed over samples.
    std::vector<std::uint64_t> cost_at;
    SpikeCounts spikes;
    double seconds = 0;  ///< wall time, reading the data included
    Tensor logits;       ///< [samples][n_out] at the end, if asked for
    /// Steps that a sample took on average: `steps`, or fewer with an exit rule.
    [[nodiscard]] double mean_steps() const {
        double sum = 0;
        for (std::size_t t = 0; t < exits_after.size(); ++t)
            sum += static_cast<double>(t + 1) * static_cast<double>(exits_after[t]);
        return exits_after.empty() || samples == 0 ? steps : sum / static_cast<double>(samples);
    }
    [[nodiscard]] std::size_t correct() const {
        return correct_after.empty() ? 0 : correct_after.back();
    }
    [[nodiscard]] double accuracy() const {
        return samples == 0 ? 0 : static_cast<double>(correct()) / static_cast<double>(samples);
    }
};

/// Runs spiking networks. The reference simulator is one; faster engines implement the same
/// interface and must give the same spikes.
class SpikingEngine {
public:
    virtual ~SpikingEngine() = default;
    /// "reference", "phase" or "fast".
    [[nodiscard]] virtual const char* name() const noexcept = 0;
    /// @throws Error(bad_input) if the samples do not fit the network.
    [[nodiscard]] virtual SimulationResult run(const Samples& samples,
                                               const SimulationOptions& options,
                                               Progress& progress) const = 0;
};

/// @throws Error(usage) if `options` ask for an early exit.
void refuse_early_exit(const SimulationOptions& options, const char* engine);

/// The plain, timestep-by-timestep simulator: every spike is carried to every target by one
/// addition. Kept as the judge of all others. Uses all cores over samples.
/// @throws Error(unsupported) if the network is not spiking or holds something that cannot be
///         simulated (a batch norm or dropout that was not folded, a max pool over non-spikes).
[[nodiscard]] std::unique_ptr<SpikingEngine> make_reference_simulator(const Network& network);

/// For one_spike networks whose layers wait for all their input (W >= T): computes every layer once
/// instead of phase by phase, at about the cost of a float forward pass. The same spikes as the
/// reference simulator's, but for sums within rounding of a threshold, which are added in another
/// order.
/// @throws as make_reference_simulator; Error(unsupported) if the network is another one.
[[nodiscard]] std::unique_ptr<SpikingEngine> make_phase_engine(const Network& network);

}  // namespace ranvier
