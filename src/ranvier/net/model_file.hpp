#pragma once

#include "ranvier/net/network.hpp"
#include "ranvier/net/safetensors.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace ranvier {

/// The model file: safetensors whose metadata holds the graph as JSON (docs/formats.md, byte for
/// byte). Weights are float32 (float16 on request), or int8 or bits with scales, named
/// "LAYER.weight", "LAYER.bias", ... by layer name.

/// The file's bytes.
/// @param storage  float16 rounds weights, but not biases; they are float32 again when read.
/// @throws Error(bad_input) if the network is not sound (infer_shapes) or does not fit float16.
[[nodiscard]] std::string encode_network(const Network& network,
                                         FloatStorage storage = FloatStorage::float32);

/// @param name  stands in messages, usually the file's name.
/// @throws Error(bad_input) naming the place in the file, for anything but a sound network: every
///         length and offset is checked before it is used, and infer_shapes has passed.
[[nodiscard]] Network decode_network(std::string_view bytes, const std::string& name);

/// @throws Error(io), Error(bad_input); an existing file is then unchanged.
void save_network(const Network& network, const std::filesystem::path& path,
                  FloatStorage storage = FloatStorage::float32);
[[nodiscard]] Network load_network(const std::filesystem::path& path);

}  // namespace ranvier
