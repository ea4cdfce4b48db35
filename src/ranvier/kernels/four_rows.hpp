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

}  // namespace ranvier
