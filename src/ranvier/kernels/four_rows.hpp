#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ranvier {

/// Four row numbers by one load, turned into offsets of rows of `width`: the loads that numbers
/// take would otherwise hold up those of the rows.
template <std::size_t width>
struct FourRows {
    explicit FourRows(const std::uint16_t* rows) { std::memcpy(&all, rows, 8); }
    template <std::size_t k>
    [[nodiscard]] std::size_t offset() const {
        return (all >> (16 * k) & 0xFFFFU) * width;
    }
    std::uint64_t all;
};

/// Where the rows of a list's last group lie, which has `left` rows, one to four; for those that
/// are missing, a row of zeros. Chosen without a branch: how many are left cannot be foreseen.
template <std::size_t width, typename T>
struct LastRows {
    LastRows(const T* weights, const std::uint16_t* rows, std::size_t left, const T* zeros) {
        const auto none = reinterpret_cast<std::uintptr_t>(zeros);
        for (std::size_t k = 0; k < 4; ++k) {
            const auto row = reinterpret_cast<std::uintptr_t>(weights + rows[k] * width);
            const std::uintptr_t mask = std::uintptr_t{0} - static_cast<std::uintptr_t>(k < left);
            at[k] = reinterpret_cast<const T*>((row & mask) | (none & ~mask));
        }
    }
    const T* at[4];
};

}  // namespace ranvier
