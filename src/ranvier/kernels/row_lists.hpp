#pragma once

#include <cstddef>
#include <cstdint>

namespace ranvier {

/// Rows of weights that add up to a block of outputs, in order, one list per timestep: list l is
/// rows[begin[l * stride]] ... rows[end[l * stride] - 1]. At least 32 entries may be read behind
/// the end of every list.
struct RowLists {
    const std::uint16_t* rows = nullptr;
    const float* values = nullptr;  ///< worth of each; null: 1
    const std::uint32_t* begin = nullptr;
    const std::uint32_t* end = nullptr;
    std::size_t stride = 1;
    std::size_t n = 0;  ///< lists

    struct List {
        const std::uint16_t* rows;
        const float* values;
        std::size_t n;
    };
    [[nodiscard]] List operator[](std::size_t l) const {
        const std::size_t first = begin[l * stride];
        return {rows + first, values == nullptr ? nullptr : values + first,
                end[l * stride] - first};
    }
    [[nodiscard]] std::size_t n_events() const {
        std::size_t sum = 0;
        for (std::size_t l = 0; l < n; ++l) sum += end[l * stride] - begin[l * stride];
        return sum;
    }
};

}  // namespace ranvier
