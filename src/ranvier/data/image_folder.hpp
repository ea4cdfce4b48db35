#pragma once

#include "ranvier/data/dataset.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace ranvier {

/// Image files with their classes, decoded anew at each read.
struct ImageList {
    struct Item {
        std::filesystem::path path;
        int label = 0;
    };
    std::vector<Item> items;
    int n_classes = 0;
};

/// Finds the images of a folder, in either of two arrangements:
///
/// - one folder per class, anything below it, for instance DIR/cat/1.jpg; the sorted names of the
///   folders number the classes (torchvision's ImageFolder);
/// - files whose names start with the number of their class, for instance DIR/0002.jpg or
///   DIR/2_x.png; the number of classes is the largest number + 1.
///
/// Names that begin with a dot, and files that are no images by their name, are passed over. The
/// images of all classes take turns (the first of each class, then the second of each class, ...)
/// so that the first n are a fair sample.
///
/// @throws Error(io) if there is no such folder; Error(bad_input) if it holds no images, mixes the
///         arrangements, holds an empty class, or a name without number.
[[nodiscard]] ImageList list_images(const std::filesystem::path& folder);

/// The images of DIR, or of DIR/train and DIR/test (or DIR/val) where these exist; resized and
/// cropped to options.shape.
///
/// @throws as open_dataset. Error(usage) if options.shape is missing or cannot be met. Damaged
///         images are found when they are read: Samples::read throws Error(bad_input).
[[nodiscard]] std::unique_ptr<Samples> open_image_folder(const std::filesystem::path& folder,
                                                         const DataOptions& options);

}  // namespace ranvier
