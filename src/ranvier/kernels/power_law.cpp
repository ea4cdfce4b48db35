#include "ranvier/kernels/power_law.hpp"

#include "ranvier/kernels/isa.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ranvier/kernels/power_law.cpp"
#include <hwy/foreach_target.h>  // must stand before highway.h
//
#include <hwy/highway.h>

// x^mu = 2^(mu log2 x), with the same additions and multiplications in the same order in the scalar
// and in every vector version.
#ifndef RANVIER_POWER_LAW_CONSTANTS
#define RANVIER_POWER_LAW_CONSTANTS
namespace ranvier::power_law {

constexpr float smallest = 1e-12F;
constexpr std::int32_t half_sqrt2_bits = 0x3F3504F3;  ///< of sqrt(1/2): mantissas become [.7, 1.4)
constexpr std::int32_t one_bits = 0x3F800000;
/// log2(1 + f) = s (l0 + l1 s^2 + l2 s^4 + ...), s = f / (2 + f): 2 / (ln 2 (2k + 1)).
constexpr float log_terms[] = {2.8853900818F, 0.9617966939F, 0.5770780164F, 0.4121985831F,
                               0.3205988980F};
/// 2^r = sum of (r ln 2)^k / k!, |r| <= 1/2.
constexpr float exp_terms[] = {1.0F,          0.6931471806F, 0.2402265070F, 0.0555041087F,
                               0.0096181291F, 0.0013333558F, 0.0001540353F, 0.0000152527F};

}  // namespace ranvier::power_law
#endif

HWY_BEFORE_NAMESPACE();
namespace ranvier::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::CappedTag<float, 16>;
using Integers = hn::RebindToSigned<Tag>;
using Vector = hn::Vec<Tag>;
constexpr std::size_t lanes = hn::MaxLanes(Tag());

template <std::size_t n>
HWY_INLINE Vector polynomial(const float (&terms)[n], Vector x) {
    const Tag d;
    auto sum = hn::Set(d, terms[n - 1]);
    for (std::size_t k = n - 1; k-- > 0;) sum = hn::Add(hn::Mul(sum, x), hn::Set(d, terms[k]));
    return sum;
}

HWY_INLINE Vector log2_of(Vector x) {
    const Tag d;
    const Integers di;
    const auto shifted = hn::Sub(hn::BitCast(di, x), hn::Set(di, power_law::half_sqrt2_bits));
    const auto exponent = hn::ShiftRight<23>(shifted);
    const auto mantissa = hn::BitCast(d, hn::Sub(hn::BitCast(di, x), hn::ShiftLeft<23>(exponent)));
    const auto f = hn::Sub(mantissa, hn::Set(d, 1.0F));
    const auto s = hn::Div(f, hn::Add(hn::Set(d, 2.0F), f));
    return hn::Add(hn::ConvertTo(d, exponent),
                   hn::Mul(s, polynomial(power_law::log_terms, hn::Mul(s, s))));
}

HWY_INLINE Vector power(Vector x, Vector mu) {
    const Tag d;
    const Integers di;
    const auto y = hn::Mul(mu, log2_of(x));
    const auto whole = hn::Floor(hn::Add(y, hn::Set(d, 0.5F)));
    const auto scale = hn::BitCast(
        d, hn::Add(hn::ShiftLeft<23>(hn::ConvertTo(di, whole)), hn::Set(di, power_law::one_bits)));
    return hn::Mul(polynomial(power_law::exp_terms, hn::Sub(y, whole)), scale);
}

/// `lanes` bits, from a multiple of `lanes`.
HWY_INLINE hn::Mask<Tag> mask_at(const std::uint64_t* alive, std::size_t i) {
    std::uint8_t bytes[8];
    const std::uint64_t word = alive[i / 64] >> i % 64;
    std::memcpy(bytes, &word, 8);
    return hn::LoadMaskBits(Tag(), bytes);
}

std::size_t update_any(const PowerLaw& law, const float* trace, const std::uint64_t* alive,
                       std::size_t n, float* w) {
    const Tag d;
    const auto zero = hn::Zero(d);
    const auto w_max = hn::Set(d, law.w_max);
    const auto rate = hn::Set(d, law.rate);
    const auto offset = hn::Set(d, law.offset);
    const auto mu = hn::Set(d, law.mu);
    const auto smallest = hn::Set(d, power_law::smallest);
    const bool exponent = law.mu != 0.0F;
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
        const auto old = hn::LoadU(d, w + i);
        auto factor = hn::Set(d, 1.0F);
        if (exponent) {
            const auto room = hn::Sub(w_max, old);
            factor = hn::IfThenElseZero(hn::Gt(room, smallest), power(room, mu));
        }
        const auto step = hn::Mul(rate, hn::Sub(hn::LoadU(d, trace + i), offset));
        const auto grown = hn::Add(old, hn::Mul(step, factor));
        const auto kept = hn::Min(hn::Max(grown, zero), w_max);
        hn::StoreU(hn::IfThenElse(mask_at(alive, i), kept, old), d, w + i);
    }
    return i;
}

}  // namespace
}  // namespace ranvier::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ranvier {

HWY_EXPORT(update_any);

namespace {

template <std::size_t n>
float polynomial(const float (&terms)[n], float x) {
    float sum = terms[n - 1];
    for (std::size_t k = n - 1; k-- > 0;) sum = sum * x + terms[k];
    return sum;
}

float log2_of(float x) {
    const auto bits = std::bit_cast<std::int32_t>(x);
    const std::int32_t exponent = (bits - power_law::half_sqrt2_bits) >> 23;
    const auto mantissa = std::bit_cast<float>(bits - exponent * (1 << 23));
    const float f = mantissa - 1.0F;
    const float s = f / (2.0F + f);
    return static_cast<float>(exponent) + s * polynomial(power_law::log_terms, s * s);
}

}  // namespace

float power_of(float x, float mu) {
    if (mu == 0.0F) return 1.0F;
    if (!(x > power_law::smallest)) return 0.0F;
    const float y = mu * log2_of(x);
    const float whole = std::floor(y + 0.5F);
    const auto scale =
        std::bit_cast<float>(static_cast<std::int32_t>(whole) * (1 << 23) + power_law::one_bits);
    return polynomial(power_law::exp_terms, y - whole) * scale;
}

namespace {

void update_scalar(const PowerLaw& law, const float* trace, const std::uint64_t* alive,
                   std::size_t first, std::size_t n, float* w) {
    for (std::size_t i = first; i < n; ++i) {
        if ((alive[i / 64] >> i % 64 & 1U) == 0) continue;
        const float step = law.rate * (trace[i] - law.offset);
        const float grown = w[i] + step * power_of(law.w_max - w[i], law.mu);
        w[i] = std::min(std::max(grown, 0.0F), law.w_max);
    }
}

}  // namespace

void power_law_update_reference(const PowerLaw& law, const float* trace, const std::uint64_t* alive,
                                std::size_t n, float* w) {
    update_scalar(law, trace, alive, 0, n, w);
}

void power_law_update(const PowerLaw& law, const float* trace, const std::uint64_t* alive,
                      std::size_t n, float* w) {
    std::size_t done = 0;
    if (!scalar_isa()) done = HWY_DYNAMIC_DISPATCH(update_any)(law, trace, alive, n, w);
    update_scalar(law, trace, alive, done, n, w);
}

}  // namespace ranvier
#endif
