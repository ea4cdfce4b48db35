#pragma once

#include "ranvier/net/network.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace ranvier {

/// Reads a trained network from ONNX (opsets 7 to 20).
///
/// Constant subgraphs (Shape, Gather, Concat, Unsqueeze, ... of constants) are folded; Dropout and
/// Identity are dropped; Slice and Pad that together form a ResNet option-A shortcut become one
/// Shortcut. The input's mean and std are left empty for the caller to set, unless
/// the model itself begins with a normalization by constants (Sub, Div, ...): that is put there.
/// A Softmax at the very end is dropped and noted under notes["output"]; notes["source"] says file,
/// opset and producer. Memory is limited to about 1 GB plus a small multiple of the file's size.
/// @throws Error(io); Error(bad_input) for a damaged file or an unsound network;
///         Error(unsupported) for an operator or attribute that cannot be represented, naming
///         operator, node, reason and what could be done instead.
[[nodiscard]] Network import_onnx(const std::filesystem::path& path);

/// The same from bytes; `name` stands in messages.
[[nodiscard]] Network import_onnx_bytes(std::string_view bytes, const std::string& name);

}  // namespace ranvier
