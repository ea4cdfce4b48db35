#pragma once

#include <bit>
#include <cstdint>

namespace ranvier {

// Floating-point numbers of 16 bits, as their bits. Rounding is to the nearest, of two to the even
// one; what is not finite stays so.

/// float32's upper half, with 8 significant bits.
constexpr std::uint16_t to_bfloat16(float x) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return 0x7FC0;  // rounding could make NaN infinite
    return static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);
}

constexpr float from_bfloat16(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// IEEE 754 binary16: 11 significant bits, up to 65504 (beyond: infinite), in steps of at least
/// 2^-24.
constexpr std::uint16_t to_float16(float x) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000U);
    const std::uint32_t size = bits & 0x7FFFFFFFU;
    if (size > 0x7F800000U) return sign | 0x7E00U;
    if (size >= 0x47800000U) return sign | 0x7C00U;  // 65536
    std::uint32_t rounded = 0;
    if (size < 0x38800000U) {  // 2^-14: adding 2^-1 leaves multiples of 2^-24 in the last bits
        rounded = std::bit_cast<std::uint32_t>(std::bit_cast<float>(size) + 0.5F) - 0x3F000000U;
    } else {
        rounded = (size - 0x38000000U + 0xFFFU + (size >> 13 & 1U)) >> 13;
    }
    return static_cast<std::uint16_t>(sign | rounded);
}

constexpr float from_float16(std::uint16_t bits) {
    const std::uint32_t sign = (bits & 0x8000U) << 16, size = bits & 0x7FFFU;
    if (size >= 0x7C00U) return std::bit_cast<float>(sign | 0x7F800000U | (size & 0x3FFU) << 13);
    if (size >= 0x400U) return std::bit_cast<float>(sign | ((size << 13) + 0x38000000U));
    const float value = static_cast<float>(size) / 16777216;  // 2^24
    return sign != 0 ? -value : value;
}

}  // namespace ranvier
