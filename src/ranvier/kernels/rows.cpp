#include "ranvier/kernels/rows.hpp"

#include "ranvier/kernels/isa.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

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

/// Four row numbers by one load, turned into offsets of rows of `width`: the loads that numbers
/// take would otherwise hold up those of the rows.
template <std::size_t width>
struct FourRows {
    HWY_INLINE explicit FourRows(const std::uint16_t* rows) { std::memcpy(&all, rows, 8); }
    template <std::size_t k>
    [[nodiscard]] HWY_INLINE std::size_t offset() const {
        return (all >> (16 * k) & 0xFFFFU) * width;
    }
    std::uint64_t all;
};

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
HWY_INLINE void add_valued_row(const float* weights, const RowList& list, std::size_t e,
                               Block<n_vectors>& sums) {
    const float* row = weights + list.rows[e] * n_vectors * float_lanes;
    const auto value = hn::Set(FloatTag(), list.values[e]);
#pragma GCC unroll 16
    for (std::size_t v = 0; v < n_vectors; ++v)
        sums[v] = hn::Add(sums[v], hn::Mul(value, hn::LoadU(FloatTag(), row + v * float_lanes)));
}

template <std::size_t n_vectors>
void add_values_of(const float* weights, const RowList& list, float* out) {
    Block<n_vectors> sums;
    load<n_vectors>(out, sums);
    for (std::size_t e = 0; e < list.n; ++e) add_valued_row<n_vectors>(weights, list, e, sums);
    store<n_vectors>(sums, out);
}

template <std::size_t n_vectors>
void add_two_values(const float* weights, const RowList& a, const RowList& b, float* out) {
    constexpr std::size_t width = n_vectors * float_lanes;
    Block<n_vectors> sums_a, sums_b;
    load<n_vectors>(out, sums_a);
    load<n_vectors>(out + width, sums_b);
    const std::size_t both = a.n < b.n ? a.n : b.n;
    for (std::size_t e = 0; e < both; ++e) {
        add_valued_row<n_vectors>(weights, a, e, sums_a);
        add_valued_row<n_vectors>(weights, b, e, sums_b);
    }
    for (std::size_t e = both; e < a.n; ++e) add_valued_row<n_vectors>(weights, a, e, sums_a);
    for (std::size_t e = both; e < b.n; ++e) add_valued_row<n_vectors>(weights, b, e, sums_b);
    store<n_vectors>(sums_a, out);
    store<n_vectors>(sums_b, out + width);
}

/// Two lists side by side: an addition takes four cycles, and only others may start meanwhile.
template <std::size_t n_vectors>
void add_two(const float* weights, const RowList& a, const RowList& b, float* out) {
    constexpr std::size_t width = n_vectors * float_lanes;
    Block<n_vectors> sums_a, sums_b;
    load<n_vectors>(out, sums_a);
    load<n_vectors>(out + width, sums_b);
    const std::size_t both = a.n < b.n ? a.n : b.n;
    std::size_t e = 0;
    for (; e + 4 <= both; e += 4) {
        const FourRows<width> rows_a(a.rows + e);
        const FourRows<width> rows_b(b.rows + e);
        add_row<n_vectors>(weights + rows_a.template offset<0>(), sums_a);
        add_row<n_vectors>(weights + rows_b.template offset<0>(), sums_b);
        add_row<n_vectors>(weights + rows_a.template offset<1>(), sums_a);
        add_row<n_vectors>(weights + rows_b.template offset<1>(), sums_b);
        add_row<n_vectors>(weights + rows_a.template offset<2>(), sums_a);
        add_row<n_vectors>(weights + rows_b.template offset<2>(), sums_b);
        add_row<n_vectors>(weights + rows_a.template offset<3>(), sums_a);
        add_row<n_vectors>(weights + rows_b.template offset<3>(), sums_b);
    }
    for (; e < both; ++e) {
        add_row<n_vectors>(weights + a.rows[e] * width, sums_a);
        add_row<n_vectors>(weights + b.rows[e] * width, sums_b);
    }
    for (e = both; e < a.n; ++e) add_row<n_vectors>(weights + a.rows[e] * width, sums_a);
    for (e = both; e < b.n; ++e) add_row<n_vectors>(weights + b.rows[e] * width, sums_b);
    store<n_vectors>(sums_a, out);
    store<n_vectors>(sums_b, out + width);
}

template <std::size_t n_vectors>
void add_one(const float* weights, const RowList& list, float* out) {
    Block<n_vectors> sums;
    load<n_vectors>(out, sums);
    for (std::size_t e = 0; e < list.n; ++e)
        add_row<n_vectors>(weights + list.rows[e] * n_vectors * float_lanes, sums);
    store<n_vectors>(sums, out);
}

template <std::size_t width>
void add_lists(const float* weights, const RowList* lists, std::size_t n_lists, float* out) {
    constexpr std::size_t n_vectors = width / float_lanes;
    constexpr bool registers_for_two = n_vectors <= 8;
    std::size_t l = 0;
    while (l < n_lists) {
        float* to = out + l * width;
        if (lists[l].n == 0) {
            ++l;
            continue;
        }
        const bool valued = lists[l].values != nullptr;
        const bool two = registers_for_two && l + 1 < n_lists && lists[l + 1].n > 0 &&
                         (lists[l + 1].values != nullptr) == valued;
        if (two && valued)
            add_two_values<n_vectors>(weights, lists[l], lists[l + 1], to);
        else if (two)
            add_two<n_vectors>(weights, lists[l], lists[l + 1], to);
        else if (valued)
            add_values_of<n_vectors>(weights, lists[l], to);
        else
            add_one<n_vectors>(weights, lists[l], to);
        l += two ? 2 : 1;
    }
}

void add_rows_any(const float* weights, std::size_t width, const RowList* lists,
                  std::size_t n_lists, float* out) {
    switch (width) {
        case 16:
            return add_lists<16>(weights, lists, n_lists, out);
        case 32:
            return add_lists<32>(weights, lists, n_lists, out);
        default:
            return add_lists<64>(weights, lists, n_lists, out);
    }
}

// ---- int8 rows, summed in T as long as that cannot overflow, then widened.

template <typename T>
HWY_INLINE void widen_into(const T* narrow, std::size_t n, std::int32_t* out) {
    for (std::size_t i = 0; i < n; ++i) out[i] += narrow[i];
}

template <std::size_t n_vectors, typename D, typename W>
HWY_INLINE void sum_row(D d, const W* row, hn::Vec<D> (&sums)[n_vectors]) {
    constexpr std::size_t lanes = hn::MaxLanes(D());
    const hn::Rebind<W, D> d_row;
#pragma GCC unroll 16
    for (std::size_t v = 0; v < n_vectors; ++v) {
        const auto small = hn::LoadU(d_row, row + v * lanes);
        if constexpr (sizeof(hn::TFromD<D>) == sizeof(W))
            sums[v] = hn::Add(sums[v], small);
        else
            sums[v] = hn::Add(sums[v], hn::PromoteTo(d, small));
    }
}

/// Sums of one list in vectors of D, widened before they can overflow: int8 for rows of +-1 and
/// other small numbers, else int16.
template <std::size_t width, typename D, typename W>
void sum_list(D d, const W* weights, std::size_t limit, const RowList& list, std::int32_t* out) {
    using T = hn::TFromD<D>;
    constexpr std::size_t lanes = hn::MaxLanes(D());
    constexpr std::size_t n_vectors = width / lanes;
    alignas(64) T narrow[width];
    for (std::size_t first = 0; first < list.n; first += limit) {
        const std::size_t last = first + limit < list.n ? first + limit : list.n;
        hn::Vec<D> sums[n_vectors];
#pragma GCC unroll 16
        for (std::size_t v = 0; v < n_vectors; ++v) sums[v] = hn::Zero(d);
        std::size_t e = first;
        for (; e + 4 <= last; e += 4) {
            const FourRows<width> rows(list.rows + e);
            sum_row<n_vectors>(d, weights + rows.template offset<0>(), sums);
            sum_row<n_vectors>(d, weights + rows.template offset<1>(), sums);
            sum_row<n_vectors>(d, weights + rows.template offset<2>(), sums);
            sum_row<n_vectors>(d, weights + rows.template offset<3>(), sums);
        }
        for (; e < last; ++e) sum_row<n_vectors>(d, weights + list.rows[e] * width, sums);
#pragma GCC unroll 16
        for (std::size_t v = 0; v < n_vectors; ++v) hn::StoreU(sums[v], d, narrow + v * lanes);
        widen_into(narrow, width, out);
    }
}

template <std::size_t width, typename W>
void sum_lists(const W* weights, std::size_t largest, const RowList* lists, std::size_t n_lists,
               std::int32_t* out) {
    for (std::size_t l = 0; l < n_lists; ++l) {
        std::int32_t* sums = out + l * width;

        if (sizeof(W) == 1 && largest <= 4)
            sum_list<width>(
                hn::CappedTag<std::conditional_t<sizeof(W) == 1, std::int8_t, std::int16_t>,
                              width>(),
                weights, 127 / largest, lists[l], sums);
        else
            sum_list<width>(hn::CappedTag<std::int16_t, width>(), weights, 32767 / largest,
                            lists[l], sums);
    }
}

template <typename W>
void sum_rows_width(const W* weights, std::size_t width, std::size_t largest, const RowList* lists,
                    std::size_t n_lists, std::int32_t* out) {
    switch (width) {
        case 16:
            return sum_lists<16>(weights, largest, lists, n_lists, out);
        case 32:
            return sum_lists<32>(weights, largest, lists, n_lists, out);
        default:
            return sum_lists<64>(weights, largest, lists, n_lists, out);
    }
}

void sum_rows_any(const std::int8_t* weights, std::size_t width, std::size_t largest,
                  const RowList* lists, std::size_t n_lists, std::int32_t* out) {
    sum_rows_width(weights, width, largest, lists, n_lists, out);
}

void sum_wide_rows_any(const std::int16_t* weights, std::size_t width, std::size_t largest,
                       const RowList* lists, std::size_t n_lists, std::int32_t* out) {
    sum_rows_width(weights, width, largest, lists, n_lists, out);
}

void scale_any(const std::int32_t* sums, const float* scale, const float* bias, std::size_t width,
               std::size_t n_lists, float* out) {
    const FloatTag d;
    const hn::Rebind<std::int32_t, FloatTag> di;
    for (std::size_t c = 0; c < width; c += float_lanes) {
        const auto factor = hn::LoadU(d, scale + c);
        const auto offset = hn::LoadU(d, bias + c);
        for (std::size_t l = 0; l < n_lists; ++l) {
            const auto sum = hn::ConvertTo(d, hn::LoadU(di, sums + l * width + c));
            hn::StoreU(hn::Add(hn::Mul(sum, factor), offset), d, out + l * width + c);
        }
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
HWY_EXPORT(sum_rows_any);
HWY_EXPORT(sum_wide_rows_any);
HWY_EXPORT(add_dense_any);
HWY_EXPORT(scale_any);
HWY_EXPORT(peak_adds);

void add_rows_reference(const float* weights, std::size_t width, std::span<const RowList> lists,
                        float* out) {
    for (std::size_t l = 0; l < lists.size(); ++l)
        for (std::size_t e = 0; e < lists[l].n; ++e) {
            const float* row = weights + lists[l].rows[e] * width;
            const float value = lists[l].values == nullptr ? 1.0F : lists[l].values[e];
            for (std::size_t c = 0; c < width; ++c) out[l * width + c] += value * row[c];
        }
}

void add_rows(const float* weights, std::size_t width, std::span<const RowList> lists, float* out) {
    if (scalar_isa()) return add_rows_reference(weights, width, lists, out);
    HWY_DYNAMIC_DISPATCH(add_rows_any)(weights, width, lists.data(), lists.size(), out);
}

void sum_rows_reference(const std::int8_t* weights, std::size_t width,
                        std::span<const RowList> lists, std::int32_t* out) {
    for (std::size_t l = 0; l < lists.size(); ++l)
        for (std::size_t e = 0; e < lists[l].n; ++e)
            for (std::size_t c = 0; c < width; ++c)
                out[l * width + c] += weights[lists[l].rows[e] * width + c];
}

void sum_rows(const std::int8_t* weights, std::size_t width, int largest,
              std::span<const RowList> lists, std::int32_t* out) {
    if (scalar_isa()) return sum_rows_reference(weights, width, lists, out);
    HWY_DYNAMIC_DISPATCH(sum_rows_any)
    (weights, width, static_cast<std::size_t>(std::max(largest, 1)), lists.data(), lists.size(),
     out);
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

void sum_rows(const std::int16_t* weights, std::size_t width, int largest,
              std::span<const RowList> lists, std::int32_t* out) {
    if (scalar_isa()) {
        for (std::size_t l = 0; l < lists.size(); ++l)
            for (std::size_t e = 0; e < lists[l].n; ++e)
                for (std::size_t c = 0; c < width; ++c)
                    out[l * width + c] += weights[lists[l].rows[e] * width + c];
        return;
    }
    HWY_DYNAMIC_DISPATCH(sum_wide_rows_any)
    (weights, width, static_cast<std::size_t>(std::max(largest, 1)), lists.data(), lists.size(),
     out);
}

void scale_sums(const std::int32_t* sums, const float* scale, const float* bias, std::size_t width,
                std::size_t n_lists, float* out) {
    if (!scalar_isa())
        return HWY_DYNAMIC_DISPATCH(scale_any)(sums, scale, bias, width, n_lists, out);
    for (std::size_t i = 0; i < n_lists * width; ++i)
        out[i] = static_cast<float>(sums[i]) * scale[i % width] + bias[i % width];
}

}  // namespace ranvier
#endif
