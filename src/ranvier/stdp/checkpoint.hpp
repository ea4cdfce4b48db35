#pragma once

#include "ranvier/stdp/train.hpp"

#include <filesystem>
#include <string>

namespace ranvier {

/// One line that tells a training from any other: options, data, seed.
[[nodiscard]] std::string training_identity(const StdpModel& model, const Samples& samples,
                                            const StdpTrainOptions& options);

/// Writes where a training stands.
void save_checkpoint(const std::filesystem::path& file, const std::string& identity,
                     const StdpTraining& training);

/// Continues where the file stands; without a file nothing changes.
/// @throws Error(bad_input) if it is damaged or of another training, Error(io).
void load_checkpoint(const std::filesystem::path& file, const std::string& identity,
                     StdpTraining& training);

}  // namespace ranvier
