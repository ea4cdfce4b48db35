#pragma once

#include "ranvier/base/progress.hpp"
#include "ranvier/base/samples.hpp"
#include "ranvier/stdp/prune.hpp"
#include "ranvier/stdp/readout.hpp"
#include "ranvier/stdp/runner.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace ranvier {

/// Sums over shown images.
struct StdpCounts {
    std::uint64_t images = 0;
    std::uint64_t shows = 0;
    std::uint64_t input_spikes = 0;
    std::uint64_t synaptic_events = 0;
    std::uint64_t excitatory_spikes = 0;
    std::uint64_t inhibitory_spikes = 0;
    std::uint64_t conducting_events = 0;  ///< of frozen networks only

    void add(const StdpResponse& response);
    void add(const StdpCounts& other);
    friend bool operator==(const StdpCounts&, const StdpCounts&) = default;
};

struct StdpTrainOptions {
    int epochs = 1;
    PruneOptions prune;
    /// Images that are shown after the last pruning while only the thresholds learn.
    std::size_t settle_images = 0;
    /// Where training may be interrupted and continues; empty: nowhere.
    std::filesystem::path checkpoint;
    std::size_t checkpoint_every = 10'000;  ///< images
};

struct StdpTraining {
    StdpModel model;
    StdpCounts counts;
    double seconds = 0;              ///< since the last checkpoint that it continued from, if any
    std::uint64_t trained_here = 0;  ///< images in these seconds
};

/// Shows all samples `epochs` times, each time in another random order (folders come sorted by
/// class), and learns from each; prunes and quantizes at the
/// intervals asked for and at the end, and lets the thresholds settle. One image after the other,
/// on one thread: each changes the weights that the next one meets.
/// @param model  from make_stdp_model. @throws Error as open data; Error(bad_input) for options or
///        samples that do not fit, or a checkpoint of another training.
[[nodiscard]] StdpTraining train_stdp(StdpModel model, const Samples& samples,
                                      const StdpTrainOptions& options, Progress& progress);

/// How the neurons answer labelled images, weights frozen. Same result on any number of threads.
[[nodiscard]] ClassResponses class_responses(const StdpModel& model, const Samples& samples,
                                             int n_threads, Progress& progress);

struct StdpEvaluation {
    std::uint64_t correct = 0;
    StdpCounts counts;
    double seconds = 0;
    [[nodiscard]] double accuracy() const {
        return counts.images == 0
                   ? 0
                   : static_cast<double>(correct) / static_cast<double>(counts.images);
    }
};

/// Classifies labelled images, weights frozen. Same result on any number of threads.
[[nodiscard]] StdpEvaluation evaluate_stdp(const StdpModel& model, const Voting& voting,
                                           const Samples& samples, int n_threads,
                                           Progress& progress);

}  // namespace ranvier
