#pragma once

#include "ranvier/base/samples.hpp"
#include "ranvier/base/tensor.hpp"
#include "ranvier/net/network.hpp"
#include "ranvier/train/trainer.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ranvier {

/// Which training this is: everything that decides about the resulting weights, by name
/// ("network", "data", "optimizer", "learning_rate", ...). Not part of it: the number of threads,
/// how often a checkpoint is written, and, unless the schedule depends on it, the number of epochs,
/// so that a finished training can be made longer.
using Fingerprint = std::map<std::string, std::string>;

/// The data are known by their description, all labels and 16 of the images.
[[nodiscard]] Fingerprint fingerprint(const Network& network, const Samples& samples,
                                      const TrainOptions& options);

/// How far the epoch after those done has come.
struct PartOfEpoch {
    std::uint64_t batches = 0;  ///< done
    double loss = 0;            ///< summed over their samples
    std::int64_t correct = 0;   ///< of their samples
    double synops = 0;          ///< summed over their samples
    double seconds = 0;         ///< spent on them
};

/// A training between two batches. There is no other state: all random numbers are functions of the
/// seed, the epoch and the sample or iteration.
struct Checkpoint {
    Fingerprint run;
    std::vector<EpochResult> epochs;  ///< those done
    PartOfEpoch part;
    double first_loss = -1;  ///< cross entropy of the first batch of all; below 0: not known
    std::map<std::string, Tensor> tensors;  ///< weights, batch norm statistics, optimizer state
};

/// One safetensors file, written whole or not at all: the tensors by name, and two texts in its
/// metadata. "ranvier_checkpoint" is JSON, {"run": {...}, "epochs": [{...}],
/// "part": {...}, "first_loss": 2.3};
/// "ranvier_checkpoint_hash" is a hash of that text and of all tensors.
void save_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& path);

/// @param bytes  content of the file `path`, which stands in messages.
/// @throws Error(bad_input) naming the file if it is no checkpoint, or damaged anywhere.
[[nodiscard]] Checkpoint decode_checkpoint(const std::string& bytes,
                                           const std::filesystem::path& path);

/// @throws Error(bad_input) naming the first difference if the processes of a group were given
///         different trainings.
void require_same_everywhere(const Fingerprint& run, ProcessGroup& processes);

/// @throws Error(bad_input) naming the first difference if `checkpoint` is not one of `run`.
void require_same_run(const Checkpoint& checkpoint, const Fingerprint& run,
                      const std::filesystem::path& path);

}  // namespace ranvier
