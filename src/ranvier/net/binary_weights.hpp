#pragma once

#include "ranvier/net/network.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ranvier {

/// Signs, eight to a byte; what a model file stores of binary weights.
struct PackedSigns {
    std::vector<std::int32_t> dims;  ///< of the weight tensor
    /// Value i in row-major order is bit i % 8 of byte i / 8, 1 for plus; bits left over are 0.
    std::vector<std::uint8_t> bytes;
    friend bool operator==(const PackedSigns&, const PackedSigns&) = default;
};

/// What is wrong with a binary format and its weights, in words; empty if all is well: 1 or n_out
/// scales, each a normal number > 0, and every weight plus or minus its scale.
[[nodiscard]] std::string binary_fault(const Tensor& weight, const WeightFormat& format);

/// The signs of sound binary weights (binary_fault is empty).
[[nodiscard]] PackedSigns pack_signs(const Tensor& weight);

/// What is wrong with signs from a file; empty if all is well: 1 to 8 sizes > 0, as many bytes as
/// they need, no bit set behind the last.
[[nodiscard]] std::string packed_fault(const PackedSigns& signs);

/// Plus or minus scale. @param signs sound. @param scales [1] or [dims[0]].
[[nodiscard]] Tensor from_signs(const PackedSigns& signs, const std::vector<float>& scales);

/// Whether each output's weights have one magnitude > 0; the format then says so. Where they have
/// not, nothing is changed.
bool mark_binary(const Tensor& weight, WeightFormat& format);

}  // namespace ranvier
