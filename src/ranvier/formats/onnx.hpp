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
/// Shortcut. The input's mean and std are left empty; the caller sets them.
/// @throws Error(io); Error(bad_input) for a damaged file or an unsound network;
///         Error(unsupported) for an operator or attribute that cannot be represented, naming
///         operator, node, reason and what could be done instead.
[[nodiscard]] Network import_onnx(const std::filesystem::path& path);

/// The same from bytes; `name` stands in messages.
[[nodiscard]] Network import_onnx_bytes(std::string_view bytes, const std::string& name);

}  // namespace ranvier
