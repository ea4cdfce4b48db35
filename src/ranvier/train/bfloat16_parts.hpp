#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ranvier {

// Numbers as sums of bfloat16 numbers, the upper halves of float32: 8 significant bits each. Part 0
// of x is the nearest to x, part 1 the nearest to what is left, and so on; three are exact unless
// parts underflow. What is not finite stays so in part 0.

constexpr int most_parts = 3;

/// The bits of the nearest bfloat16 number, the even one of two.
constexpr std::uint16_t to_bfloat16(float x) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return 0x7FC0;  // rounding could make NaN infinite
    return static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16);
}

constexpr float from_bfloat16(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

/// Where parts of a matrix [rows][columns] go: part slots[s] of element (r, c) to
/// s * slot_stride + r * row_stride + c.
struct PartsPlan {
    std::span<const int> slots;  ///< each 0 to most_parts - 1
    std::size_t columns = 0;
    std::size_t slot_stride = 0;
    std::size_t row_stride = 0;
};

/// Writes the parts of rows `begin` to `end`.
/// @param x  the whole matrix.
void write_parts(const PartsPlan& plan, const float* x, std::uint16_t* parts, std::size_t begin,
                 std::size_t end);

/// The least number of parts, up to `most`, that are exact for all of `x`.
[[nodiscard]] int parts_needed(std::span<const float> x, int most);

}  // namespace ranvier
