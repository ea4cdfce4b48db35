#pragma once

#include <string>
#include <string_view>

namespace ranvier::onnx_import {

/// Walks the protobuf encoding of an ONNX model without building anything from it: every length is
/// checked against what is left of its parent, and the number of pieces is limited, because a
/// message of two bytes can become an object of 200 bytes when it is parsed.
///
/// @param name  of the file, for messages.
/// @throws Error(bad_input) naming the byte and the message that holds it, for an empty or
///         truncated file, for one that is no ONNX model, and for one with too many pieces.
/// @note O(bytes) time, no allocation.
/// @see https://protobuf.dev/programming-guides/encoding/
void check_wire(std::string_view bytes, const std::string& name);

}  // namespace ranvier::onnx_import
