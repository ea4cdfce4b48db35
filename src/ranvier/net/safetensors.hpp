#pragma once

#include "ranvier/base/tensor.hpp"

#include <map>
#include <string>
#include <string_view>

namespace ranvier {

/// The content of a safetensors file: float32 tensors and texts, by name.
struct Safetensors {
    std::map<std::string, Tensor> tensors;
    std::map<std::string, std::string> metadata;
};

/// The file's bytes: tensors in the order of their names, without holes; header padded with spaces
/// to a multiple of 8.
/// @throws Error(bad_input) for a name or text that is not UTF-8, or too much metadata.
[[nodiscard]] std::string encode_safetensors(const Safetensors& content);

/// @param name  stands in messages, usually the file's name.
/// @throws Error(bad_input) naming the place in the file: every length, offset and shape is checked
///         before it is used; the data must be covered without holes or overlaps; F32 only.
[[nodiscard]] Safetensors decode_safetensors(std::string_view bytes, const std::string& name);

}  // namespace ranvier
