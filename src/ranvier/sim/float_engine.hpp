#pragma once

#include "ranvier/base/progress.hpp"
#include "ranvier/base/samples.hpp"
#include "ranvier/net/network.hpp"
#include "ranvier/sim/simulator.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace ranvier {

/// Runs a network as dense float layers through oneDNN, on all cores: float networks (relu or
/// quantized_relu activations), and one_spike networks whose layers wait for all their input
/// (W >= T): there a membrane is one weighted sum of spike values, whatever their phases were.
///
/// The plan (primitives, memory formats, fused activations and sums) is made once per batch size;
/// weights are reordered once. Not for use by several threads at once: it is parallel inside.
class FloatEngine {
public:
    /// @param n_threads  at most so many, 0: all cores; a small network on a small batch uses
    /// fewer.
    /// @throws Error(bad_input) as infer_shapes; Error(unsupported) for any other network.
    explicit FloatEngine(const Network& network, int n_threads = 0);
    ~FloatEngine();
    FloatEngine(FloatEngine&&) noexcept;
    FloatEngine& operator=(FloatEngine&&) noexcept;

    /// Receives the values of an observed layer, [n][channels][height][width].
    using Observer =
        std::function<void(std::size_t layer, std::span<const float> values, std::size_t n)>;

    /// @param images  [n][channels][height][width] pixels in [0, 1]; normalized here.
    /// @return [n][n_out] values of the output layer.
    [[nodiscard]] Tensor run(const Tensor& images);

    /// The same, and calls `observer` once for each layer in `layers` (ascending order). Observed
    /// layers are not fused into others.
    Tensor run(const Tensor& images, std::span<const std::size_t> layers, const Observer& observer);

    /// one_spike networks: adds the spikes of all runs since the last call to `spikes`, which has
    /// an entry [channels][height][width] for each activation, max pool and the input.
    void collect_spikes(SpikeCounts& spikes);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// Whether FloatEngine can run `network`, which is sound.
[[nodiscard]] bool runs_densely(const Network& network);

/// What a float network does on a data set.
struct FloatResult {
    std::size_t samples = 0;
    std::size_t correct = 0;
    double seconds = 0;  ///< wall time of the forward passes, reading the data not counted
    Tensor logits;       ///< [samples][n_out], if asked for
    [[nodiscard]] double accuracy() const {
        return samples == 0 ? 0 : static_cast<double>(correct) / static_cast<double>(samples);
    }
};

struct FloatOptions {
    int n_threads = 0;  ///< 0: all cores
    std::size_t batch = 32;
    bool keep_logits = false;
};

/// Runs all samples and compares the largest output with the label (the lowest index wins a tie).
/// @throws Error(bad_input) if the samples' shape or number of classes does not fit the network.
[[nodiscard]] FloatResult evaluate_float(const Network& network, const Samples& samples,
                                         const FloatOptions& options,
                                         Progress& progress = no_progress());
/// The same through an engine that was made for `network`.
[[nodiscard]] FloatResult evaluate_float(FloatEngine& engine, const Network& network,
                                         const Samples& samples, const FloatOptions& options,
                                         Progress& progress = no_progress());

/// @throws Error(bad_input) naming both shapes if `samples` cannot be fed to `network`.
void require_matching(const Network& network, const Samples& samples);

/// @throws Error(bad_input) naming both shapes if `images` are not [n] images of `shape`.
void require_image_batch(const Shape& shape, const Tensor& images);

}  // namespace ranvier
