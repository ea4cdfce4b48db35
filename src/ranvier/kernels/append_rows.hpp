#pragma once

#include <cstddef>
#include <cstdint>

namespace ranvier {

/// Some lists that lie one behind the other, one per step: list s is channels[begin[s * stride]]
/// ... channels[end[s * stride] - 1]. At least 32 entries may be read behind the end of any list.
struct ChannelLists {
    const std::uint16_t* channels;
    const float* values;  ///< or null
    const std::uint32_t* begin;
    const std::uint32_t* end;
    std::size_t stride;
    std::size_t n_steps;
};

/// Lists of rows that grow; each has room for 32 entries more than it will hold.
struct GrowingLists {
    std::uint16_t* rows;
    float* values;       ///< or null
    std::uint32_t* end;  ///< [n_steps] where each list ends
};

/// Appends to list s of `to` the channels of list s plus `add` (modulo 2^16), and their values.
void append_rows(const ChannelLists& from, std::uint16_t add, const GrowingLists& to);
void append_rows_reference(const ChannelLists& from, std::uint16_t add, const GrowingLists& to);

}  // namespace ranvier
