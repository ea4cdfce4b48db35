#pragma once

#include "ranvier/base/samples.hpp"
#include "ranvier/data/event_frames.hpp"
#include "ranvier/data/event_sensor.hpp"
#include "ranvier/data/filtered_samples.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace ranvier {

enum class Split { train, test };

struct DataOptions {
    /// mnist | fashion-mnist | cifar10 | cifar100 | cifar10:FILE_OR_DIR | cifar100:FILE_OR_DIR |
    /// images:DIR | digits | text:CORPUS (a graph, text_samples.hpp) | nmnist | nmnist:DIR |
    /// mnist-dvs:DIR | events:DIR | moving-digits | moving-digits:IMAGES
    std::string set;
    std::filesystem::path root = "data";  ///< folder with MNIST/raw, cifar-10-batches-bin, ...
    Split split = Split::test;
    std::size_t limit = 0;  ///< use the first so many samples; 0: all
    /// Shape that the network wants. Images from folders are resized and cropped to it; for any
    /// other set a different shape is an error that names both.
    std::optional<Shape> shape;
    /// images:DIR: the shorter side is first resized to this many pixels (0: 256/224 of the wanted
    /// height, rounded), then the centre is cropped.
    int resize = 0;
    ImageFilter filter = ImageFilter::none;  ///< images only
    std::uint64_t seed = 1;                  ///< digits: names the set that is drawn
    std::size_t n_digits = 0;                ///< digits: how many; 0: 10,000 train, 2,000 test
    EventFrames frames{};                    ///< event recordings
    int sensor_width = 0;                    ///< of event recordings that do not say; 0: they must
    int sensor_height = 0;
    EventSensorOptions simulator{};  ///< moving-digits: the sensor that is simulated
};

/// @throws Error(io) for missing files, Error(bad_input) for damaged ones: naming the file, what
/// was
///         found and what was expected. Error(usage) for an unknown set, naming the known ones.
[[nodiscard]] std::unique_ptr<Samples> open_dataset(const DataOptions& options);

}  // namespace ranvier
