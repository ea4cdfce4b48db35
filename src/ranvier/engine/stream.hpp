#pragma once

#include "ranvier/engine/fast_plan.hpp"
#include "ranvier/net/network.hpp"
#include "ranvier/sim/simulator.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace ranvier {

struct StreamOptions {
    int n_threads = 0;         ///< that share the work of each timestep; 0: all cores
    bool count_spikes = true;  ///< for spike_counts(); takes time beside the step itself
};

/// A rate-coded network that is fed frame by frame, one timestep each, and whose output can be read
/// after every one: for event cameras and other sources that never end.
///
///     Stream stream(network);
///     while (camera.read(frame)) { stream.step(frame); act(stream.prediction()); }
///
/// The same spikes and sums as the reference simulator's, to the last bit, on every instruction set
/// and number of threads. (Poisson input: as its sample 0 with seed 0.) Memory does not grow with
/// the number of steps. Not for use by several threads at once: it is parallel inside. Many streams
/// may share one plan.
class Stream {
public:
    /// @throws Error(unsupported) as FastPlan; also for phase-coded networks, whose neurons must
    ///         know in which phase of one image's window they are.
    explicit Stream(const Network& network, const StreamOptions& options = {});
    /// @param plan  not null.
    explicit Stream(std::shared_ptr<const FastPlan> plan, const StreamOptions& options = {});
    ~Stream();
    Stream(Stream&&) noexcept;
    Stream& operator=(Stream&&) noexcept;

    [[nodiscard]] const Shape& frame_shape() const noexcept;

    /// Forgets all frames: membranes, output and counts are as in a new stream.
    void reset();

    /// One timestep.
    /// @param frame  [channels][height][width], any finite values: pixels, event counts, ... What
    ///               the network was trained with; its own normalization is applied here.
    /// @throws Error(bad_input) for a frame of another size or with values that are not finite;
    ///         Error(unsupported) after 2^32 - 1 steps of a network whose max pools count spikes.
    ///         The stream is then unchanged.
    void step(std::span<const float> frame);
    /// One timestep with the last frame again, at less cost; without a frame so far it is zeros.
    void step();

    /// What has reached the output since the stream began or was reset, [n_out].
    [[nodiscard]] std::span<const float> logits() const noexcept;
    /// Index of the largest logit, the lowest of equal ones.
    [[nodiscard]] std::size_t prediction() const noexcept;
    [[nodiscard]] std::uint64_t steps() const noexcept;
    /// Wall time of the last step, microseconds: from having the frame to having the output,
    /// counting left out. 0 before the first.
    [[nodiscard]] double last_step_us() const noexcept;
    /// Spikes since the stream began or was reset; all zero if they are not counted. With
    /// spiking_ledger (energy/ledger.hpp) they become synaptic operations and energy.
    [[nodiscard]] SpikeCounts spike_counts() const;
    /// What the spikes of the last step cost; 0 before the first.
    [[nodiscard]] std::uint64_t last_step_cost(const SpikeCosts& costs) const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace ranvier
