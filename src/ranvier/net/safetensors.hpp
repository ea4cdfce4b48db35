#pragma once

#include "ranvier/base/tensor.hpp"
#include "ranvier/net/int8_weights.hpp"

#include <map>
#include <string>
#include <string_view>

namespace ranvier {

/// The content of a safetensors file: tensors and texts, by name.
struct Safetensors {
    std::map<std::string, Tensor> tensors;  ///< F32; read also from F16 and BF16
    std::map<std::string, std::string> metadata;
    std::map<std::string, Int8Tensor> int8 = {};  ///< I8; no two of the maps share a name
    std::map<std::string, std::vector<std::int32_t>> int32 = {};  ///< I32, one axis
    std::map<std::string, std::vector<std::uint8_t>> bytes = {};  ///< U8, one axis
};

/// How tensors with more than one axis, weights, are written; all others are F32.
enum class FloatStorage { float32, float16 };

/// The file's bytes: the F32 tensors in the order of their names, then the I32, the F16, the I8 and
/// the U8 ones in theirs (so that all stay aligned), without holes; header padded with spaces to a
/// multiple of 8.
/// @throws Error(bad_input) for a name or text that is not UTF-8, too much metadata, or a weight
///         that float16 cannot hold.
[[nodiscard]] std::string encode_safetensors(const Safetensors& content,
                                             FloatStorage storage = FloatStorage::float32);

/// @param name  stands in messages, usually the file's name.
/// @throws Error(bad_input) naming the place in the file: every length, offset and shape is checked
///         before it is used; the data must be covered without holes or overlaps; F32, F16, BF16,
///         I32 and U8 with one axis, and I8 (-127 to 127) only.
[[nodiscard]] Safetensors decode_safetensors(std::string_view bytes, const std::string& name);

}  // namespace ranvier
