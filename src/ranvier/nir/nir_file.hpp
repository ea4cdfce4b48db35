#pragma once

#include "ranvier/nir/graph.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace ranvier {

/// Reads a NIR file whole. Whatever the graph means, it is read: reading and writing again gives an
/// equal graph. Memory: values take at most 64 times the file's size plus 16 MiB (compressed data
/// are unpacked on trial, in pieces, before any room is made for them).
/// @throws Error(io); Error(bad_input) for a file that is no HDF5, is damaged, lacks what every NIR
///         file has or claims more than that; Error(unsupported) for kinds of data that NIR does
///         not have, links to other files, and compressions other than deflate.
[[nodiscard]] NirModel read_nir(const std::filesystem::path& path);

/// The same from bytes; `name` stands in messages.
[[nodiscard]] NirModel read_nir_bytes(std::string_view bytes, const std::string& name);

/// The same graph always gives the same bytes. Nothing is compressed.
/// @throws Error(bad_input) for names that HDF5 does not allow and values that do not fit their
///         shape.
[[nodiscard]] std::string nir_bytes(const NirModel& model);

/// @throws Error as nir_bytes; Error(io).
void write_nir(const NirModel& model, const std::filesystem::path& path);

}  // namespace ranvier
