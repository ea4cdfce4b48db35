#include "ranvier/kernels/bit_rows.hpp"

#include "ranvier/kernels/isa.hpp"

#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ranvier/kernels/bit_rows.cpp"
#include <hwy/foreach_target.h>  // must stand before highway.h
//
#include <hwy/highway.h>
//
#include "ranvier/kernels/carry_save.hpp"

HWY_BEFORE_NAMESPACE();
namespace ranvier::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t most_planes = 16;

/// Bit p of the counters of `words` * 64 outputs: word w of plane p at [p * words + w].
template <std::size_t words>
struct Planes {
    alignas(64) std::uint64_t bits[most_planes * words];
};

/// Adds sixteen rows to bits 0 to 3. @return what is carried to bit 4.
template <std::size_t words, typename D, typename V>
HWY_INLINE V add_sixteen(D d, const std::uint64_t* bits, const std::uint16_t* rows, V (&low)[4]) {
    V carried[4];  // by 8 rows into bit 2, then by 16 into bit 3
#pragma GCC unroll 4
    for (std::size_t k = 0; k < 4; ++k) {
        const auto row = [&](std::size_t i) {
            return hn::LoadU(d, bits + rows[4 * k + i] * words);
        };
        const V first = carry_save(low[0], row(0), row(1));
        const V second = carry_save(low[0], row(2), row(3));
        carried[k] = carry_save(low[1], first, second);
    }
    const V first = carry_save(low[2], carried[0], carried[1]);
    const V second = carry_save(low[2], carried[2], carried[3]);
    return carry_save(low[3], first, second);
}

/// Counts a list of fewer than 2^(4 + n_high) rows.
template <std::size_t words, std::size_t n_high, typename D>
HWY_INLINE void count_list(D d, const std::uint64_t* bits, const RowLists::List& list,
                           std::uint64_t* planes) {
    using V = hn::Vec<D>;
    V low[4], high[n_high];
    for (V& v : low) v = hn::Zero(d);
    for (V& v : high) v = hn::Zero(d);
    for (std::size_t e = 0; e < list.n; e += 16) {
        V carry = add_sixteen<words>(d, bits, list.rows + e, low);
#pragma GCC unroll 16
        for (std::size_t p = 0; p < n_high; ++p) {
            const V next = hn::And(high[p], carry);
            high[p] = hn::Xor(high[p], carry);
            carry = next;
        }
    }
#pragma GCC unroll 4
    for (std::size_t p = 0; p < 4; ++p) hn::StoreU(low[p], d, planes + p * words);
#pragma GCC unroll 16
    for (std::size_t p = 0; p < n_high; ++p) hn::StoreU(high[p], d, planes + (4 + p) * words);
}

/// A list's counters, vector by vector. @return planes.
template <std::size_t words>
HWY_INLINE std::size_t count_planes(const std::uint64_t* bits, const RowLists::List& list,
                                    Planes<words>& planes) {
    const hn::CappedTag<std::uint64_t, words> d;
    constexpr std::size_t lanes = hn::MaxLanes(d);
    const std::size_t n_high = list.n < 64 ? 2 : list.n < 256 ? 4 : list.n < 1024 ? 6 : 12;
    for (std::size_t w = 0; w < words; w += lanes) switch (n_high) {
            case 2:
                count_list<words, 2>(d, bits + w, list, planes.bits + w);
                break;
            case 4:
                count_list<words, 4>(d, bits + w, list, planes.bits + w);
                break;
            case 6:
                count_list<words, 6>(d, bits + w, list, planes.bits + w);
                break;
            default:
                count_list<words, 12>(d, bits + w, list, planes.bits + w);
        }
    return 4 + n_high;
}

/// Puts the bits of the counters together again.
template <std::size_t words>
HWY_INLINE void scale_counts(const Planes<words>& planes, std::size_t n_planes, std::size_t n,
                             const float* scale, const float* bias, float* out) {
    const hn::CappedTag<std::uint16_t, 32> d_count;
    const hn::ScalableTag<float> d;
    const hn::Rebind<std::int32_t, decltype(d)> d_sum;
    const hn::Rebind<std::uint16_t, decltype(d)> d_part;
    constexpr std::size_t count_lanes = hn::MaxLanes(d_count);
    alignas(64) std::uint16_t counts[count_lanes];
    const auto total = hn::Set(d_sum, static_cast<std::int32_t>(n));
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(planes.bits);
    for (std::size_t c = 0; c < 64 * words; c += count_lanes) {
        auto count = hn::Zero(d_count);
        for (std::size_t p = 0; p < n_planes; ++p) {
            const auto set = hn::LoadMaskBits(d_count, bytes + p * words * 8 + c / 8);
            const auto worth = hn::Set(d_count, static_cast<std::uint16_t>(1U << p));
            count = hn::Add(count, hn::IfThenElseZero(set, worth));
        }
        hn::StoreU(count, d_count, counts);
        for (std::size_t k = 0; k < count_lanes; k += hn::MaxLanes(d)) {
            const auto twice =
                hn::ShiftLeft<1>(hn::PromoteTo(d_sum, hn::LoadU(d_part, counts + k)));
            const auto sum = hn::ConvertTo(d, hn::Sub(twice, total));
            const auto product = hn::Mul(sum, hn::LoadU(d, scale + c + k));
            hn::StoreU(hn::Add(product, hn::LoadU(d, bias + c + k)), d, out + c + k);
        }
    }
}

template <std::size_t words>
void sum_lists(const std::uint64_t* bits, const RowLists& lists, const float* scale,
               const float* bias, float* out) {
    Planes<words> planes;
    for (std::size_t l = 0; l < lists.n; ++l, out += 64 * words) {
        const RowLists::List list = lists[l];
        const std::size_t n_planes = count_planes<words>(bits, list, planes);
        scale_counts<words>(planes, n_planes, list.n, scale, bias, out);
    }
}

void sum_bit_rows_any(const std::uint64_t* bits, std::size_t width, const RowLists& lists,
                      const float* scale, const float* bias, float* out) {
    switch (width) {
        case 64:
            return sum_lists<1>(bits, lists, scale, bias, out);
        case 128:
            return sum_lists<2>(bits, lists, scale, bias, out);
        case 256:
            return sum_lists<4>(bits, lists, scale, bias, out);
        default:
            return sum_lists<8>(bits, lists, scale, bias, out);
    }
}

}  // namespace
}  // namespace ranvier::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ranvier {

HWY_EXPORT(sum_bit_rows_any);

void sum_bit_rows_reference(const std::uint64_t* bits, std::size_t width, const RowLists& lists,
                            const float* scale, const float* bias, float* out) {
    const std::size_t words = width / 64;
    for (std::size_t l = 0; l < lists.n; ++l) {
        const RowLists::List list = lists[l];
        for (std::size_t c = 0; c < width; ++c) {
            std::int32_t sum = 0;
            for (std::size_t e = 0; e < list.n; ++e)
                sum += (bits[list.rows[e] * words + c / 64] >> c % 64 & 1U) != 0 ? 1 : -1;
            out[l * width + c] = static_cast<float>(sum) * scale[c] + bias[c];
        }
    }
}

void sum_bit_rows(const std::uint64_t* bits, std::size_t width, const RowLists& lists,
                  const float* scale, const float* bias, float* out) {
    if (scalar_isa()) return sum_bit_rows_reference(bits, width, lists, scale, bias, out);
    HWY_DYNAMIC_DISPATCH(sum_bit_rows_any)(bits, width, lists, scale, bias, out);
}

}  // namespace ranvier
#endif
