#include "ranvier/kernels/integer_rows.hpp"

#include "ranvier/kernels/four_rows.hpp"
#include "ranvier/kernels/isa.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

// Compiled once for every instruction set; the best one is chosen when the program runs.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ranvier/kernels/integer_rows.cpp"
#include <hwy/foreach_target.h>  // must stand before highway.h
//

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ranvier::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using SumTag = hn::Rebind<std::int32_t, FloatTag>;
constexpr std::size_t sum_lanes = hn::MaxLanes(SumTag());

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

/// The rows of a list that is short enough not to overflow D's numbers.
template <std::size_t width, typename D, typename W>
HWY_INLINE void sum_narrow(D d, const W* weights, const std::uint16_t* rows, std::size_t n,
                           hn::TFromD<D>* narrow) {
    constexpr std::size_t lanes = hn::MaxLanes(D());
    constexpr std::size_t n_vectors = width / lanes;
    hn::Vec<D> sums[n_vectors];
#pragma GCC unroll 16
    for (std::size_t v = 0; v < n_vectors; ++v) sums[v] = hn::Zero(d);
    std::size_t e = 0;
    for (; e + 4 <= n; e += 4) {
        const FourRows<width> four(rows + e);
        sum_row<n_vectors>(d, weights + four.template offset<0>(), sums);
        sum_row<n_vectors>(d, weights + four.template offset<1>(), sums);
        sum_row<n_vectors>(d, weights + four.template offset<2>(), sums);
        sum_row<n_vectors>(d, weights + four.template offset<3>(), sums);
    }
    for (; e < n; ++e) sum_row<n_vectors>(d, weights + rows[e] * width, sums);
#pragma GCC unroll 16
    for (std::size_t v = 0; v < n_vectors; ++v) hn::StoreU(sums[v], d, narrow + v * lanes);
}

/// Sums of one list in numbers of D, widened before they can overflow.
template <std::size_t width, typename D, typename W>
void sum_list(D d, const W* weights, std::size_t limit, const RowLists::List& list,
              const RowSums& to) {
    const SumTag d_sum;
    const FloatTag d_float;
    const hn::Rebind<hn::TFromD<D>, SumTag> d_narrow;
    alignas(64) hn::TFromD<D> narrow[width];
    alignas(64) std::int32_t wide[width];
    const std::int32_t* start = to.start;
    std::size_t first = 0;
    for (; first + limit < list.n; first += limit) {
        sum_narrow<width>(d, weights, list.rows + first, limit, narrow);
        for (std::size_t c = 0; c < width; c += sum_lanes) {
            auto sum = hn::PromoteTo(d_sum, hn::LoadU(d_narrow, narrow + c));
            if (start != nullptr) sum = hn::Add(sum, hn::LoadU(d_sum, start + c));
            hn::StoreU(sum, d_sum, wide + c);
        }
        start = wide;
    }
    sum_narrow<width>(d, weights, list.rows + first, list.n - first, narrow);
#pragma GCC unroll 8
    for (std::size_t c = 0; c < width; c += sum_lanes) {
        auto sum = hn::PromoteTo(d_sum, hn::LoadU(d_narrow, narrow + c));
        if (start != nullptr) sum = hn::Add(sum, hn::LoadU(d_sum, start + c));
        if (to.scaled == nullptr) {
            hn::StoreU(sum, d_sum, to.sums + c);
            continue;
        }
        const auto product = hn::Mul(hn::ConvertTo(d_float, sum), hn::LoadU(d_float, to.scale + c));
        hn::StoreU(hn::Add(product, hn::LoadU(d_float, to.bias + c)), d_float, to.scaled + c);
    }
}

/// int8 sums for rows of +-1 and other small numbers, else int16.
template <std::size_t width, typename W>
void sum_lists(const W* weights, std::size_t largest, const RowLists& lists, RowSums to) {
    using Small = std::conditional_t<sizeof(W) == 1, std::int8_t, std::int16_t>;
    for (std::size_t l = 0; l < lists.n; ++l) {
        if (sizeof(W) == 1 && largest <= 4)
            sum_list<width>(hn::CappedTag<Small, width>(), weights, 127 / largest, lists[l], to);
        else
            sum_list<width>(hn::CappedTag<std::int16_t, width>(), weights, 32767 / largest,
                            lists[l], to);
        if (to.start != nullptr) to.start += width;
        if (to.sums != nullptr) to.sums += width;
        if (to.scaled != nullptr) to.scaled += width;
    }
}

template <typename W>
void sum_rows_width(const W* weights, std::size_t width, std::size_t largest, const RowLists& lists,
                    const RowSums& sums) {
    switch (width) {
        case 16:
            return sum_lists<16>(weights, largest, lists, sums);
        case 32:
            return sum_lists<32>(weights, largest, lists, sums);
        case 64:
            return sum_lists<64>(weights, largest, lists, sums);
        default:
            return sum_lists<128>(weights, largest, lists, sums);
    }
}

void sum_rows_any(const std::int8_t* weights, std::size_t width, std::size_t largest,
                  const RowLists& lists, const RowSums& sums) {
    sum_rows_width(weights, width, largest, lists, sums);
}

void sum_wide_rows_any(const std::int16_t* weights, std::size_t width, std::size_t largest,
                       const RowLists& lists, const RowSums& sums) {
    sum_rows_width(weights, width, largest, lists, sums);
}

void scale_any(const std::int32_t* sums, const float* scale, const float* bias, std::size_t width,
               std::size_t n_lists, float* out) {
    const FloatTag d;
    const SumTag di;
    for (std::size_t c = 0; c < width; c += sum_lanes) {
        const auto factor = hn::LoadU(d, scale + c);
        const auto offset = hn::LoadU(d, bias + c);
        for (std::size_t l = 0; l < n_lists; ++l) {
            const auto sum = hn::ConvertTo(d, hn::LoadU(di, sums + l * width + c));
            hn::StoreU(hn::Add(hn::Mul(sum, factor), offset), d, out + l * width + c);
        }
    }
}

}  // namespace
}  // namespace ranvier::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ranvier {

HWY_EXPORT(sum_rows_any);
HWY_EXPORT(sum_wide_rows_any);
HWY_EXPORT(scale_any);

namespace {

template <typename W>
void sum_rows_scalar(const W* weights, std::size_t width, const RowLists& lists,
                     const RowSums& to) {
    for (std::size_t l = 0; l < lists.n; ++l)
        for (std::size_t c = 0; c < width; ++c) {
            const std::size_t at = l * width + c;
            std::int32_t sum = to.start == nullptr ? 0 : to.start[at];
            const RowLists::List list = lists[l];
            for (std::size_t e = 0; e < list.n; ++e) sum += weights[list.rows[e] * width + c];
            if (to.scaled != nullptr)
                to.scaled[at] = static_cast<float>(sum) * to.scale[c] + to.bias[c];
            else
                to.sums[at] = sum;
        }
}

}  // namespace

void sum_rows_reference(const std::int8_t* weights, std::size_t width, const RowLists& lists,
                        const RowSums& sums) {
    sum_rows_scalar(weights, width, lists, sums);
}
void sum_rows_reference(const std::int16_t* weights, std::size_t width, const RowLists& lists,
                        const RowSums& sums) {
    sum_rows_scalar(weights, width, lists, sums);
}

void sum_rows(const std::int8_t* weights, std::size_t width, int largest, const RowLists& lists,
              const RowSums& sums) {
    if (scalar_isa()) return sum_rows_scalar(weights, width, lists, sums);
    HWY_DYNAMIC_DISPATCH(sum_rows_any)
    (weights, width, static_cast<std::size_t>(std::max(largest, 1)), lists, sums);
}
void sum_rows(const std::int16_t* weights, std::size_t width, int largest, const RowLists& lists,
              const RowSums& sums) {
    if (scalar_isa()) return sum_rows_scalar(weights, width, lists, sums);
    HWY_DYNAMIC_DISPATCH(sum_wide_rows_any)
    (weights, width, static_cast<std::size_t>(std::max(largest, 1)), lists, sums);
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
