#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace ranvier {

/// The bits of the nearest bfloat16 number, the even one of two: the upper half of a float32, with
/// 8 significant bits. What is not finite stays so.
constexpr std::uint16_t to_bfloat16(float x) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return 0x7FC0;  // rounding could make NaN infinite
    return static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);
}

constexpr float from_bfloat16(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// to_bfloat16 of `n` numbers.
void round_to_bfloat16(const float* x, std::uint16_t* rounded, std::size_t n);

}  // namespace ranvier
