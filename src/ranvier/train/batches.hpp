#pragma once

#include "ranvier/base/samples.hpp"
#include "ranvier/train/augment.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace ranvier {

/// All indices below `n` in the random order of `epoch`; a function of its arguments alone.
[[nodiscard]] std::vector<std::size_t> shuffled(std::size_t n, std::uint64_t seed,
                                                std::uint64_t epoch);

/// [begin, end) of part `index` when `n` samples are dealt to the fewest batches of at most
/// `batch`. Their sizes differ by at most one: no small batch is left at the end, whose statistics
/// batch norm would have to believe.
[[nodiscard]] std::pair<std::size_t, std::size_t> batch_range(std::size_t n, std::size_t batch,
                                                              std::size_t index);
[[nodiscard]] std::size_t batch_count(std::size_t n, std::size_t batch);

/// Where a batch comes from and what is done to it.
struct BatchSource {
    const Samples& samples;
    Augmentation augmentation;
    std::uint64_t seed = 1;
    int n_threads = 0;  ///< 0: all cores
};

/// Reads and augments the samples `indices` for `epoch`, in parallel.
/// @param pixels  [indices][channels][height][width], filled.
/// @param labels  [indices], filled.
/// @throws what the samples throw; Error(bad_input) for a label outside [0, n_classes).
void read_training_batch(const BatchSource& source, std::uint64_t epoch,
                         std::span<const std::size_t> indices, std::span<float> pixels,
                         std::span<std::int64_t> labels);

}  // namespace ranvier
