#pragma once

#include "ranvier/net/network.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace ranvier {

/// The model file: safetensors whose metadata holds the graph as JSON (docs/formats.md, byte for
/// byte). Weights are float32, or int8 with scales, named "LAYER.weight", "LAYER.bias", ... by
/// layer name.

/// The file's bytes. @throws Error(bad_input) if the network is not sound (infer_shapes).
[[nodiscard]] std::string encode_network(const Network& network);

/// @param name  stands in messages, usually the file's name.
/// @throws Error(bad_input) naming the place in the file, for anything but a sound network: every
///         length and offset is checked before it is used, and infer_shapes has passed.
[[nodiscard]] Network decode_network(std::string_view bytes, const std::string& name);

/// @throws Error(io), Error(bad_input); an existing file is then unchanged.
void save_network(const Network& network, const std::filesystem::path& path);
[[nodiscard]] Network load_network(const std::filesystem::path& path);

}  // namespace ranvier
