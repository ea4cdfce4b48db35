#pragma once

#include "ranvier/data/dataset.hpp"
#include "ranvier/data/memory_samples.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ranvier {

/// One of the two CIFAR sets, in the "binary version" of its authors: rows of one or two label
/// bytes and 3072 pixel bytes, [channel red, green, blue][32][32].
/// @see https://www.cs.toronto.edu/~kriz/cifar.html
struct CifarSet {
    struct Batch {
        std::string name;
        std::size_t n_images = 0;
    };
    std::string name;     ///< "cifar10"
    std::string folder;   ///< below the root: "cifar-10-batches-bin"
    std::string archive;  ///< what users download: "cifar-10-binary.tar.gz"
    /// Number of values of each label byte; the last one is used. CIFAR-100: coarse, fine.
    std::vector<int> n_labels;
    std::string train_prefix;  ///< batches in other folders are PREFIX*.bin
    std::string test_prefix;
    std::vector<Batch> train;  ///< the official batches in the official order
    std::vector<Batch> test;
};

[[nodiscard]] const CifarSet& cifar10();
[[nodiscard]] const CifarSet& cifar100();

/// @param place  nothing: the official batches below the root, complete. A file: one batch,
///               whatever its name. A folder: its PREFIX*.bin of the split, sorted by name, each
///               with any number of rows.
/// @throws as open_dataset; also Error(bad_input) if a batch is not a whole number of rows, or a
///         label is out of range.
[[nodiscard]] std::unique_ptr<MemorySamples> open_cifar(
    const CifarSet& set, const std::optional<std::filesystem::path>& place,
    const DataOptions& options);

}  // namespace ranvier
