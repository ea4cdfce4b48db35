#include "ranvier/train/bfloat16_parts.hpp"

#include "ranvier/train/wide_loops.hpp"

#include <algorithm>

namespace ranvier {

namespace {

inline float rest(float x) {
    return x - from_bfloat16(to_bfloat16(x));
}

template <int part>
RANVIER_WIDE void write_part(const float* x, std::uint16_t* out, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        float left = x[i];
        for (int p = 0; p < part; ++p) left = rest(left);
        out[i] = to_bfloat16(left);
    }
}

RANVIER_WIDE std::uint32_t bits_left(const float* x, std::size_t n, int parts) {
    std::uint32_t left = 0;
    for (std::size_t i = 0; i < n; ++i) {
        float value = rest(x[i]);
        if (parts > 1) value = rest(value);
        left |= std::bit_cast<std::uint32_t>(value) << 1;  // either zero will do
    }
    return left;
}

}  // namespace

void write_parts(const PartsPlan& plan, const float* x, std::uint16_t* parts, std::size_t begin,
                 std::size_t end) {
    const bool together = plan.row_stride == plan.columns;  // rows are long enough for wide loops
    const std::size_t n_rows = together ? 1 : end - begin;
    const std::size_t n = together ? (end - begin) * plan.columns : plan.columns;
    for (std::size_t r = begin; r < begin + n_rows; ++r) {
        const float* row = x + r * plan.columns;
        std::uint16_t* out = parts + r * plan.row_stride;
        for (const int part : plan.slots) {
            if (part == 0) write_part<0>(row, out, n);
            if (part == 1) write_part<1>(row, out, n);
            if (part == 2) write_part<2>(row, out, n);
            out += plan.slot_stride;
        }
    }
}

int parts_needed(std::span<const float> x, int most) {
    constexpr std::size_t block = 4096;  // weights need all their parts and show it at once
    int parts = 1;
    for (std::size_t i = 0; i < x.size() && parts < most; i += block)
        while (parts < most && bits_left(x.data() + i, std::min(block, x.size() - i), parts) != 0)
            ++parts;
    return parts;
}

}  // namespace ranvier
