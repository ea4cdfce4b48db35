#include "ranvier/kernels/integer_rows.hpp"

#include "ranvier/kernels/four_rows.hpp"
#include "ranvier/kernels/isa.hpp"

#include <algorithm>
#include <cstring>

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

#if HWY_TARGET == HWY_SCALAR
void sum_rows_any(const std::int8_t* weights, std::size_t width, std::size_t, const RowLists& lists,
                  const RowSums& sums) {
    sum_rows_reference(weights, width, lists, sums);
}
#else

constexpr std::size_t byte_lanes(std::size_t width) {
    return hn::MaxLanes(hn::CappedTag<std::int8_t, 128>()) < width
               ? hn::MaxLanes(hn::CappedTag<std::int8_t, 128>())
               : width;
}

/// Rows of small weights, summed in bytes. @return by `narrow`, [width].
template <std::size_t width>
struct ByteSums {
    using Sum = std::int8_t;
    static constexpr std::size_t lanes = byte_lanes(width);
    static constexpr std::size_t n_vectors = width / lanes;
    using Tag = hn::CappedTag<std::int8_t, lanes>;
    using Vectors = hn::Vec<Tag>[n_vectors];

    static HWY_INLINE void add(const std::int8_t* row, Vectors& sums) {
#pragma GCC unroll 16
        for (std::size_t v = 0; v < n_vectors; ++v)
            sums[v] = hn::Add(sums[v], hn::LoadU(Tag(), row + v * lanes));
    }
    static HWY_INLINE void sum(const std::int8_t* weights, const std::uint16_t* rows, std::size_t n,
                               Sum* narrow) {
        Vectors sums;
#pragma GCC unroll 16
        for (std::size_t v = 0; v < n_vectors; ++v) sums[v] = hn::Zero(Tag());
        std::size_t e = 0;
        for (; e + 4 <= n; e += 4) {
            const FourRows<width> four(rows + e);
            add(weights + four.template offset<0>(), sums);
            add(weights + four.template offset<1>(), sums);
            add(weights + four.template offset<2>(), sums);
            add(weights + four.template offset<3>(), sums);
        }
        for (; e < n; ++e) add(weights + rows[e] * width, sums);
#pragma GCC unroll 16
        for (std::size_t v = 0; v < n_vectors; ++v) hn::StoreU(sums[v], Tag(), narrow + v * lanes);
    }
};

/// Sums of neighbours, in 16 bits.
template <typename V>
HWY_INLINE auto add_neighbours(V bytes) {
    const hn::RepartitionToWide<hn::DFromV<V> > d;
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
    if constexpr (sizeof(V) == 64)
        return hn::Vec<decltype(d)>{_mm512_maddubs_epi16(_mm512_set1_epi8(1), bytes.raw)};
#endif
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_TARGET == HWY_AVX2
    if constexpr (sizeof(V) == 32)
        return hn::Vec<decltype(d)>{_mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes.raw)};
#endif
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_SSSE3
    if constexpr (sizeof(V) == 16)
        return hn::Vec<decltype(d)>{_mm_maddubs_epi16(_mm_set1_epi8(1), bytes.raw)};
#else
    const auto pairs = hn::BitCast(d, bytes);
    return hn::Add(hn::ShiftRight<8>(hn::ShiftLeft<8>(pairs)), hn::ShiftRight<8>(pairs));
#endif
}

/// Rows of any int8 weights, two at a time: their bytes are laid side by side and neighbours added
/// in 16 bits, which takes half the memory of weights that are widened beforehand.
template <std::size_t width>
struct PairSums {
    using Sum = std::int16_t;
    static constexpr std::size_t lanes = byte_lanes(width);
    static constexpr std::size_t n_vectors = width / lanes;
    using Tag = hn::CappedTag<std::int8_t, lanes>;
    using Wide = hn::RepartitionToWide<Tag>;
    using Vectors = hn::Vec<Wide>[2 * n_vectors];  ///< lower and upper halves of 128-bit blocks

    static HWY_INLINE void add(const std::int8_t* a, const std::int8_t* b, Vectors& sums) {
        const Tag d;
#pragma GCC unroll 16
        for (std::size_t v = 0; v < n_vectors; ++v) {
            const auto row_a = hn::LoadU(d, a + v * lanes);
            const auto row_b = hn::LoadU(d, b + v * lanes);
            sums[2 * v] =
                hn::Add(sums[2 * v], add_neighbours(hn::InterleaveLower(d, row_a, row_b)));
            sums[2 * v + 1] =
                hn::Add(sums[2 * v + 1], add_neighbours(hn::InterleaveUpper(d, row_a, row_b)));
        }
    }
    static HWY_INLINE void sum(const std::int8_t* weights, const std::uint16_t* rows, std::size_t n,
                               Sum* narrow) {
        alignas(64) static constexpr std::int8_t zeros[width] = {};
        Vectors sums;
#pragma GCC unroll 16
        for (std::size_t v = 0; v < 2 * n_vectors; ++v) sums[v] = hn::Zero(Wide());
        std::size_t e = 0;
        for (; e + 4 <= n; e += 4) {
            const FourRows<width> four(rows + e);
            add(weights + four.template offset<0>(), weights + four.template offset<1>(), sums);
            add(weights + four.template offset<2>(), weights + four.template offset<3>(), sums);
        }
        for (; e < n; e += 2)
            add(weights + rows[e] * width, e + 1 < n ? weights + rows[e + 1] * width : zeros, sums);
        alignas(64) Sum halves[2][lanes / 2];
        for (std::size_t v = 0; v < n_vectors; ++v) {
            hn::StoreU(sums[2 * v], Wide(), halves[0]);
            hn::StoreU(sums[2 * v + 1], Wide(), halves[1]);
            for (std::size_t c = 0; c < lanes; c += 8)  // eight lower, eight upper, and so on
                std::memcpy(narrow + v * lanes + c, halves[c / 8 % 2] + c / 16 * 8,
                            8 * sizeof(Sum));
        }
    }
};

/// Sums of one list, widened before they can overflow.
template <std::size_t width, typename Narrow>
void sum_list(const std::int8_t* weights, std::size_t limit, const RowLists::List& list,
              const RowSums& to) {
    using T = typename Narrow::Sum;
    const SumTag d_sum;
    const FloatTag d_float;
    const hn::Rebind<T, SumTag> d_narrow;
    alignas(64) T narrow[width];
    alignas(64) std::int32_t wide[width];
    const std::int32_t* start = to.start;
    std::size_t first = 0;
    for (; first + limit < list.n; first += limit) {
        Narrow::sum(weights, list.rows + first, limit, narrow);
        for (std::size_t c = 0; c < width; c += sum_lanes) {
            auto sum = hn::PromoteTo(d_sum, hn::LoadU(d_narrow, narrow + c));
            if (start != nullptr) sum = hn::Add(sum, hn::LoadU(d_sum, start + c));
            hn::StoreU(sum, d_sum, wide + c);
        }
        start = wide;
    }
    Narrow::sum(weights, list.rows + first, list.n - first, narrow);
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

template <std::size_t width>
void sum_lists(const std::int8_t* weights, std::size_t largest, const RowLists& lists, RowSums to) {
    for (std::size_t l = 0; l < lists.n; ++l) {
        if (largest <= 4)
            sum_list<width, ByteSums<width> >(weights, 127 / largest, lists[l], to);
        else
            sum_list<width, PairSums<width> >(weights, 32767 / largest, lists[l], to);
        if (to.start != nullptr) to.start += width;
        if (to.sums != nullptr) to.sums += width;
        if (to.scaled != nullptr) to.scaled += width;
    }
}

void sum_rows_any(const std::int8_t* weights, std::size_t width, std::size_t largest,
                  const RowLists& lists, const RowSums& sums) {
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
#endif  // not scalar

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
HWY_EXPORT(scale_any);

void sum_rows_reference(const std::int8_t* weights, std::size_t width, const RowLists& lists,
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

void sum_rows(const std::int8_t* weights, std::size_t width, int largest, const RowLists& lists,
              const RowSums& sums) {
    if (scalar_isa()) return sum_rows_reference(weights, width, lists, sums);
    HWY_DYNAMIC_DISPATCH(sum_rows_any)
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
