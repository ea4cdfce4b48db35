#pragma once

#include "ranvier/base/process_group.hpp"
#include "ranvier/base/progress.hpp"
#include "ranvier/base/samples.hpp"
#include "ranvier/net/network.hpp"
#include "ranvier/train/spike_training.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

// No LibTorch header here: callers of the trainer do not pay for compiling them.
namespace ranvier {

enum class OptimizerKind { sgd, adam };
/// Which layers' weights are trained as signs with one scale per output (weight_binarizer.hpp).
enum class BinaryWeights {
    none,
    inner,  ///< convolutions and linear layers, all but the first and the last
};
/// How the number of synaptic operations enters the loss (synop_loss.hpp).
enum class SynopPenalty {
    none,
    fan_out,      ///< activations times fan-out: synaptic operations
    activations,  ///< activations alone (L1)
};
enum class ScheduleKind { constant, step, cosine, one_cycle };
enum class DeviceKind { cpu, cuda };
/// What convolutions and linear layers multiply; all else, and their sums, are float32.
enum class Precision {
    float32,
    bfloat16,  ///< values, weights and gradients rounded to 8 bits for the product
};

struct TrainOptions {
    int epochs = 10;
    std::size_t batch = 64;
    OptimizerKind optimizer = OptimizerKind::sgd;
    double learning_rate = 0.05;
    double momentum = 0.9;        ///< sgd
    double beta1 = 0.9;           ///< adam: how much of the mean gradient is kept
    double beta2 = 0.999;         ///< adam: how much of the mean squared gradient is kept
    bool amsgrad = false;         ///< adam: divide by the largest mean square so far
    double weight_decay = 0;      ///< as a term of the loss: added to the gradient
    int weight_decay_epochs = 0;  ///< no weight decay after so many epochs; 0: always
    ScheduleKind schedule = ScheduleKind::cosine;
    std::vector<int> milestones;  ///< step: epochs after which the rate is multiplied by gamma
    int step_every = 0;           ///< step: likewise after every so many epochs; 0: never
    double gamma = 0.1;           ///< step
    double warm_up = 0.3;         ///< one_cycle: share of the training in which the rate rises
    double start_divisor = 25;    ///< one_cycle: learning_rate / rate of the first iteration
    double final_divisor = 1e4;   ///< one_cycle: rate of the first iteration / rate of the last
    int shift = 0;      ///< augmentation: random shift by up to so many pixels (zero filled)
    bool flip = false;  ///< augmentation: random left-right flip
    BinaryWeights binary_weights = BinaryWeights::none;
    SynopPenalty synop_loss = SynopPenalty::none;
    double synop_target = 0;  ///< S0, per sample; 0: synop_factor times what the network has now
    double synop_factor = 1;
    double synop_weight = 1;  ///< of ((S - S0) / S0)^2 beside the cross entropy
    SpikeTraining spikes{};   ///< spiking networks, which are trained through time
    std::uint64_t seed = 1;
    int n_threads = 0;  ///< 0: all cores
    DeviceKind device = DeviceKind::cpu;
    Precision precision = Precision::float32;
    std::filesystem::path checkpoint;  ///< file to write and to continue from; empty: none
    int checkpoint_every = 1;          ///< epochs
    /// Network file for the weights of the last checkpoint, written when the training diverges or a
    /// layer falls silent; empty: none.
    std::filesystem::path last_good;
    double checkpoint_seconds = 120;  ///< also inside an epoch, after so long; 0: not there
    const Samples* test = nullptr;    ///< what evaluate_every measures on; not owned
    int evaluate_every = 0;           ///< epochs; also after the last one; 0: never
    std::filesystem::path curves;     ///< folder for curve files (train/curves.hpp); empty: none
    /// Share each batch; process 0 writes the checkpoint. All are given the same arguments.
    ProcessGroup* processes = &single_process();
};

struct EpochResult {
    int epoch = 0;
    double loss = 0;      ///< mean over the training samples, penalties included
    double accuracy = 0;  ///< on the training samples, as seen (augmented, with dropout)
    double learning_rate = 0;
    double images_per_second = 0;
    double synops = 0;     ///< with a penalty on them: mean per sample (or activations)
    double unix_time = 0;  ///< its end, seconds since 1970
    std::optional<double> test_loss, test_accuracy;
};

struct TrainResult {
    Network network;
    std::vector<EpochResult> epochs;  ///< including those before a resume
};

/// Trains all weights (and batch norm) by cross entropy, with what `options` add to it; a spiking
/// network (neurons N2 or N3) through its timesteps, thresholds and leaks too. Binary
/// weights are so in the result, and their format says it. Continues bit for bit from
/// `options.checkpoint` if that file exists and belongs to the same network and options.
/// Same seed and threads, same weights; with other numbers of processes the same but for the order
/// in which sums are added.
/// @throws Error(bad_input) if the samples do not fit, the checkpoint belongs to something else or
///         is damaged, the loss stops being finite or stays far above where it began, or a layer of
///         neurons falls silent (says which layer and timestep, and what to change); the last
///         checkpoint, of a network that was neither, stays.
[[nodiscard]] TrainResult train(const Network& network, const Samples& samples,
                                const TrainOptions& options, Progress& progress = no_progress());

}  // namespace ranvier
