#pragma once

#include "ranvier/data/dataset.hpp"
#include "ranvier/data/event_samples.hpp"

#include <filesystem>
#include <memory>

namespace ranvier {

/// N-MNIST: `place`, or NMNIST, N-MNIST or nmnist-small below the root. Either the official layout
/// (Train/0 ... Train/9 and Test/0 ... Test/9 of .bin files) or lists (train*.txt, test*.txt) of
/// lines "NUMBER CLASS" beside NUMBER.bs2 files.
/// @throws Error as open_dataset.
[[nodiscard]] std::unique_ptr<Samples> open_nmnist(
    const std::optional<std::filesystem::path>& place, const DataOptions& options);

/// A folder with one folder per class, recordings below each in any known format. Where there are
/// folders train and test (or Train and Test), each is a split; otherwise every fifth recording of
/// a class, by name, is for testing, the others for training.
/// @throws Error as open_dataset; Error(usage) if the recordings do not say how large the sensor is
///         and neither does `options.sensor_width`.
[[nodiscard]] std::unique_ptr<Samples> open_event_folder(const std::filesystem::path& folder,
                                                         const DataOptions& options);

/// MNIST-DVS: as open_event_folder; where recordings of several scales are there, only those of
/// scale 16 are used. 128 x 128 pixels become 64 x 64, unless said otherwise.
[[nodiscard]] std::unique_ptr<Samples> open_mnist_dvs(const std::filesystem::path& folder,
                                                      const DataOptions& options);

}  // namespace ranvier
