#pragma once

#include "ranvier/data/dataset.hpp"
#include "ranvier/data/memory_samples.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace ranvier {

/// An array of bytes from an idx file.
struct IdxArray {
    std::vector<std::size_t> dims;  ///< outermost first
    std::string bytes;              ///< [product of dims], row major
};

/// Reads a file of MNIST's idx format, plain or compressed by gzip:
///
///     2 zero bytes, 1 byte type (8: unsigned byte), 1 byte number of dimensions,
///     the dimensions (4 bytes each, big endian), the values, and nothing after them.
///
/// @throws Error(io) if the file cannot be read; Error(bad_input) if it is anything but unsigned
///         bytes in `n_dims` dimensions, of exactly the declared length, at most 1 GiB.
/// @see http://yann.lecun.com/exdb/mnist/, "the idx file format".
[[nodiscard]] IdxArray read_idx(const std::filesystem::path& path, std::size_t n_dims);

/// Ten classes of grey images in two idx files, as MNIST and Fashion-MNIST come.
struct IdxSet {
    std::string name;    ///< "mnist"
    std::string folder;  ///< below the root, as torchvision unpacks it: "MNIST/raw"
    std::string source;  ///< where users get it; part of the message about a missing file
};

/// @throws as open_dataset; also Error(bad_input) if images and labels differ in number, or a
///         label is not in 0..9.
[[nodiscard]] std::unique_ptr<MemorySamples> open_idx_set(const IdxSet& set,
                                                          const DataOptions& options);

}  // namespace ranvier
