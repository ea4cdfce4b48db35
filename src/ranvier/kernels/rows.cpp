#include "ranvier/kernels/rows.hpp"

#include "ranvier/kernels/four_rows.hpp"
#include "ranvier/kernels/isa.hpp"

// Compiled once for every instruction set; the best one is chosen when the program runs.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ranvier/kernels/rows.cpp"
#include <hwy/foreach_target.h>  // must stand before highway.h
//

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ranvier::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
constexpr std::size_t float_lanes = hn::MaxLanes(FloatTag());

template <std::size_t n_vectors>
using Block = hn::Vec<FloatTag>[n_vectors];

template <std::size_t n_vectors>
HWY_INLINE void load(const float* from, Block<n_vectors>& block) {
#pragma GCC unroll 16
    for (std::size_t v = 0; v < n_vectors; ++v)
        block[v] = hn::LoadU(FloatTag(), from + v * float_lanes);
}

template <std::size_t n_vectors>
HWY_INLINE void store(const Block<n_vectors>& block, float* to) {
#pragma GCC unroll 16
    for (std::size_t v = 0; v < n_vectors; ++v)
        hn::StoreU(block[v], FloatTag(), to + v * float_lanes);
}

template <std::size_t n_vectors>
HWY_INLINE void add_row(const float* row, Block<n_vectors>& sums) {
#pragma GCC unroll 16
    for (std::size_t v = 0; v < n_vectors; ++v)
        sums[v] = hn::Add(sums[v], hn::LoadU(FloatTag(), row + v * float_lanes));
}

template <std::size_t n_vectors>
HWY_INLINE void add_valued_row(const float* row, float worth, Block<n_vectors>& sums) {
    const auto value = hn::Set(FloatTag(), worth);
#pragma GCC unroll 16
    for (std::size_t v = 0; v < n_vectors; ++v)
        sums[v] = hn::Add(sums[v], hn::Mul(value, hn::LoadU(FloatTag(), row + v * float_lanes)));
}

alignas(64) constexpr float zero_row[128] = {};

template <std::size_t n_vectors>
HWY_INLINE void add_list(const float* weights, const RowLists::List& list, Block<n_vectors>& sums) {
    constexpr std::size_t width = n_vectors * float_lanes;
    if (list.n == 0) return;
    const std::size_t last = (list.n - 1) / 4 * 4;
    for (std::size_t e = 0; e < last; e += 4) {
        const FourRows<width> four(list.rows + e);
        add_row<n_vectors>(weights + four.template offset<0>(), sums);
        add_row<n_vectors>(weights + four.template offset<1>(), sums);
        add_row<n_vectors>(weights + four.template offset<2>(), sums);
        add_row<n_vectors>(weights + four.template offset<3>(), sums);
    }
    const LastRows<width, float> rest(weights, list.rows + last, list.n - last, zero_row);
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) add_row<n_vectors>(rest.at[k], sums);
}

template <std::size_t n_vectors>
HWY_INLINE void add_valued_list(const float* weights, const RowLists::List& list,
                                Block<n_vectors>& sums) {
    constexpr std::size_t width = n_vectors * float_lanes;
    for (std::size_t e = 0; e < list.n; ++e)
        add_valued_row<n_vectors>(weights + list.rows[e] * width, list.values[e], sums);
}

/// The processor overlaps a list with the next; their chains of additions are apart.
template <std::size_t width>
void add_lists(const float* weights, const RowLists& lists, const float* start, float* out) {
    constexpr std::size_t n_vectors = width / float_lanes;
    for (std::size_t l = 0; l < lists.n; ++l, out += width) {
        const RowLists::List list = lists[l];
        if (list.n == 0 && start == nullptr) continue;
        Block<n_vectors> sums;
        load<n_vectors>(start == nullptr ? out : start, sums);
        if (lists.values == nullptr)
            add_list<n_vectors>(weights, list, sums);
        else
            add_valued_list<n_vectors>(weights, list, sums);
        store<n_vectors>(sums, out);
    }
}

void add_rows_any(const float* weights, std::size_t width, const RowLists& lists,
                  const float* start, float* out) {
    switch (width) {
        case 16:
            return add_lists<16>(weights, lists, start, out);
        case 32:
            return add_lists<32>(weights, lists, start, out);
        case 64:
            return add_lists<64>(weights, lists, start, out);
        default:
            return add_lists<128>(weights, lists, start, out);
    }
}

// ---- dense rows

template <std::size_t n_vectors, std::size_t n_steps>
void dense_block(const float* rows, std::size_t n_rows, const float* factors, std::size_t width,
                 float* out) {
    const FloatTag d;
    hn::Vec<FloatTag> sums[n_steps][n_vectors];
#pragma GCC unroll 4
    for (std::size_t s = 0; s < n_steps; ++s)
#pragma GCC unroll 4
        for (std::size_t v = 0; v < n_vectors; ++v)
            sums[s][v] = hn::LoadU(d, out + s * width + v * float_lanes);
    for (std::size_t r = 0; r < n_rows; ++r) {
        hn::Vec<FloatTag> row[n_vectors];
#pragma GCC unroll 4
        for (std::size_t v = 0; v < n_vectors; ++v)
            row[v] = hn::LoadU(d, rows + r * width + v * float_lanes);
#pragma GCC unroll 4
        for (std::size_t s = 0; s < n_steps; ++s) {
            const auto factor = hn::Set(d, factors[r * n_steps + s]);
#pragma GCC unroll 4
            for (std::size_t v = 0; v < n_vectors; ++v)
                sums[s][v] = hn::MulAdd(factor, row[v], sums[s][v]);
        }
    }
#pragma GCC unroll 4
    for (std::size_t s = 0; s < n_steps; ++s)
#pragma GCC unroll 4
        for (std::size_t v = 0; v < n_vectors; ++v)
            hn::StoreU(sums[s][v], d, out + s * width + v * float_lanes);
}

/// Four vectors at a time, one where fewer are left.
template <std::size_t n_steps>
void dense_steps(const float* rows, std::size_t n_rows, const float* factors, std::size_t width,
                 float* out) {
    std::size_t c = 0;
    for (; c + 4 * float_lanes <= width; c += 4 * float_lanes)
        dense_block<4, n_steps>(rows + c, n_rows, factors, width, out + c);
    for (; c < width; c += float_lanes)
        dense_block<1, n_steps>(rows + c, n_rows, factors, width, out + c);
}

void add_dense_any(const float* rows, std::size_t n_rows, const float* factors, std::size_t n_steps,
                   std::size_t width, float* out) {
    switch (n_steps) {
        case 1:
            return dense_steps<1>(rows, n_rows, factors, width, out);
        case 2:
            return dense_steps<2>(rows, n_rows, factors, width, out);
        case 3:
            return dense_steps<3>(rows, n_rows, factors, width, out);
        default:
            return dense_steps<4>(rows, n_rows, factors, width, out);
    }
}

std::uint64_t peak_adds(const float* values, std::size_t n, std::size_t n_rounds, float* out) {
    const FloatTag d;
    constexpr std::size_t chains = 8;
    hn::Vec<FloatTag> sums[chains];
#pragma GCC unroll 8
    for (std::size_t c = 0; c < chains; ++c) sums[c] = hn::Zero(d);
    for (std::size_t r = 0; r < n_rounds; ++r)
        for (std::size_t i = 0; i < n; i += chains * float_lanes) {
#pragma GCC unroll 8
            for (std::size_t c = 0; c < chains; ++c)
                sums[c] = hn::Add(sums[c], hn::LoadU(d, values + i + c * float_lanes));
        }
    for (std::size_t c = 1; c < chains; ++c) sums[0] = hn::Add(sums[0], sums[c]);
    hn::StoreU(sums[0], d, out);
    return static_cast<std::uint64_t>(n) * n_rounds;
}

}  // namespace
}  // namespace ranvier::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ranvier {

HWY_EXPORT(add_rows_any);
HWY_EXPORT(add_dense_any);
HWY_EXPORT(peak_adds);

void add_rows_reference(const float* weights, std::size_t width, const RowLists& lists,
                        const float* start, float* out) {
    for (std::size_t l = 0; l < lists.n; ++l) {
        const RowLists::List list = lists[l];
        for (std::size_t c = 0; c < width && start != nullptr; ++c) out[l * width + c] = start[c];
        for (std::size_t e = 0; e < list.n; ++e) {
            const float* row = weights + list.rows[e] * width;
            const float value = list.values == nullptr ? 1.0F : list.values[e];
            for (std::size_t c = 0; c < width; ++c) out[l * width + c] += value * row[c];
        }
    }
}

void add_rows(const float* weights, std::size_t width, const RowLists& lists, const float* start,
              float* out) {
    if (scalar_isa()) return add_rows_reference(weights, width, lists, start, out);
    HWY_DYNAMIC_DISPATCH(add_rows_any)(weights, width, lists, start, out);
}

void add_dense_rows_reference(const float* rows, std::size_t n_rows, const float* factors,
                              std::size_t n_steps, std::size_t width, float* out) {
    for (std::size_t r = 0; r < n_rows; ++r)
        for (std::size_t s = 0; s < n_steps; ++s)
            for (std::size_t c = 0; c < width; ++c)
                out[s * width + c] += factors[r * n_steps + s] * rows[r * width + c];
}

void add_dense_rows(const float* rows, std::size_t n_rows, const float* factors,
                    std::size_t n_steps, std::size_t width, float* out) {
    if (scalar_isa()) return add_dense_rows_reference(rows, n_rows, factors, n_steps, width, out);
    HWY_DYNAMIC_DISPATCH(add_dense_any)(rows, n_rows, factors, n_steps, width, out);
}

std::uint64_t add_peak(const float* values, std::size_t n, std::size_t n_rounds, float* out) {
    return HWY_DYNAMIC_DISPATCH(peak_adds)(values, n, n_rounds, out);
}

}  // namespace ranvier
#endif
