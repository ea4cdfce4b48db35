#include "ranvier/kernels/phase_code.hpp"

#include "ranvier/kernels/isa.hpp"

// Compiled once for every instruction set; the best one is chosen when the program runs.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ranvier/kernels/phase_code.cpp"
#include <hwy/foreach_target.h>  // must stand before highway.h
//
#include <hwy/highway.h>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace ranvier::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

struct Neurons {
    const float* threshold;
    const float* amplitude;
    float* values;
    std::uint32_t* counts;
};

template <typename D>
void add_where(D /*tag*/, hn::Mask<D> fired, std::uint32_t* counts) {
    const hn::RebindToUnsigned<D> du;
    const auto one = hn::IfThenElseZero(hn::RebindMask(du, fired), hn::Set(du, 1U));
    hn::StoreU(hn::Add(hn::LoadU(du, counts), one), du, counts);
}

/// Two vectors at a time, so that the chain of selections of one hides behind the other's.
template <typename D>
void encode_two(D d, const PhaseCode& code, const Neurons& at) {
    const std::size_t lanes = hn::Lanes(d);
    const auto u0 = hn::Div(hn::LoadU(d, at.values), hn::LoadU(d, at.threshold));
    const auto u1 = hn::Div(hn::LoadU(d, at.values + lanes), hn::LoadU(d, at.threshold + lanes));
    auto worth0 = hn::Zero(d);
    auto worth1 = hn::Zero(d);
    // From the last phase to the first: the earliest that is reached stays.
    for (std::size_t k = code.threshold.size(); k-- > 0;) {
        const auto needed = hn::Set(d, code.threshold[k]);
        const auto worth = hn::Set(d, code.worth[k]);
        worth0 = hn::IfThenElse(hn::Ge(u0, needed), worth, worth0);
        worth1 = hn::IfThenElse(hn::Ge(u1, needed), worth, worth1);
    }
    add_where(d, hn::Ne(worth0, hn::Zero(d)), at.counts);
    add_where(d, hn::Ne(worth1, hn::Zero(d)), at.counts + lanes);
    hn::StoreU(hn::Mul(worth0, hn::LoadU(d, at.amplitude)), d, at.values);
    hn::StoreU(hn::Mul(worth1, hn::LoadU(d, at.amplitude + lanes)), d, at.values + lanes);
}

/// The same by bisection in tables that lie in registers: up to 32 phases, 16 lanes.
class PhaseTables {
public:
    using D = hn::CappedTag<float, 16>;
    using V = hn::Vec<D>;
    static constexpr bool usable = hn::MaxLanes(D()) == 16;

    HWY_INLINE explicit PhaseTables(const PhaseCode& code) : n_(code.threshold.size()) {
        // Behind the last phase everything fires, for nothing; what lies behind is never looked up.
        alignas(64) float threshold[48], worth[32];
        for (std::size_t k = 0; k < 48; ++k)
            threshold[k] = k < n_ ? code.threshold[k] : -std::numeric_limits<float>::infinity();
        for (std::size_t k = 0; k < 32; ++k) worth[k] = k < n_ ? code.worth[k] : 0.0F;
        const D d;
        for (std::size_t half = 0; half < 2; ++half) {
            for (std::size_t level = 0; level < 5; ++level)  // shifted by 0, 0, 1, 3, 7
                bounds_[half][level] =
                    hn::LoadU(d, threshold + 16 * half +
                                     (level == 0 ? 0 : (std::size_t{1} << (level - 1)) - 1));
            worth_[half] = hn::LoadU(d, worth + 16 * half);
        }
    }

    /// The worth of the first phase whose threshold `u` reaches, else 0.
    [[nodiscard]] HWY_INLINE V encode(V u) const {
        const D d;
        const hn::RebindToSigned<D> di;
        const auto late = n_ > 16 ? hn::Not(hn::Ge(u, hn::Set(d, last_of_first())))
                                  : hn::MaskFromVec(hn::Zero(d));
        auto place = hn::Zero(di);
        for (std::size_t level = 4; level >= 1; --level) {
            const auto reached = hn::Ge(u, look_up(level, place, late));
            const auto step = hn::Set(di, 1 << (level - 1));
            place = hn::Add(place, hn::IfThenZeroElse(hn::RebindMask(di, reached), step));
        }
        const auto fires = hn::Ge(u, look_up(0, place, late));
        const auto index = hn::IndicesFromVec(d, place);
        auto worth = hn::TableLookupLanes(worth_[0], index);
        if (n_ > 16) worth = hn::IfThenElse(late, hn::TableLookupLanes(worth_[1], index), worth);
        return hn::IfThenElseZero(fires, worth);
    }

private:
    [[nodiscard]] HWY_INLINE float last_of_first() const {
        return hn::ExtractLane(bounds_[0][0], 15);
    }
    template <typename Place, typename Late>
    [[nodiscard]] HWY_INLINE V look_up(std::size_t level, Place place, Late late) const {
        const auto index = hn::IndicesFromVec(D(), place);
        const V first = hn::TableLookupLanes(bounds_[0][level], index);
        if (n_ <= 16) return first;
        return hn::IfThenElse(late, hn::TableLookupLanes(bounds_[1][level], index), first);
    }
    std::size_t n_;
    V bounds_[2][5];
    V worth_[2];
};

void encode_all(const PhaseCode& code, const float* threshold, const float* amplitude,
                float* values, std::uint32_t* counts, std::size_t n) {
    const auto from = [&](std::size_t i) {
        return Neurons{threshold + i, amplitude + i, values + i, counts + i};
    };
    const hn::ScalableTag<float> d;
    const std::size_t step = 2 * hn::Lanes(d);
    std::size_t i = 0;
    if constexpr (PhaseTables::usable) {
        if (code.threshold.size() <= 32) {
            const PhaseTables tables(code);
            const PhaseTables::D lanes16;
            for (; i + 16 <= n; i += 16) {
                const Neurons at = from(i);
                const auto worth = tables.encode(
                    hn::Div(hn::LoadU(lanes16, at.values), hn::LoadU(lanes16, at.threshold)));
                add_where(lanes16, hn::Ne(worth, hn::Zero(lanes16)), at.counts);
                hn::StoreU(hn::Mul(worth, hn::LoadU(lanes16, at.amplitude)), lanes16, at.values);
            }
        }
    }
    for (; i + step <= n; i += step) encode_two(d, code, from(i));
    for (; i < n; ++i) {
        const Neurons at = from(i);
        const float worth = encode_phase(code, *at.values / *at.threshold);
        *at.counts += worth != 0 ? 1U : 0U;
        *at.values = worth * *at.amplitude;
    }
}

void count_all(const float* values, std::uint32_t* counts, std::size_t n) {
    const hn::ScalableTag<float> d;
    std::size_t i = 0;
    for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d))
        add_where(d, hn::Ne(hn::LoadU(d, values + i), hn::Zero(d)), counts + i);
    for (; i < n; ++i) counts[i] += values[i] != 0 ? 1U : 0U;
}

}  // namespace
}  // namespace ranvier::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ranvier {

HWY_EXPORT(encode_all);
HWY_EXPORT(count_all);

void encode_phases(const PhaseCode& code, std::span<const float> threshold,
                   std::span<const float> amplitude, std::span<float> values,
                   std::span<std::uint32_t> counts) {
    if (scalar_isa()) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            const float worth = encode_phase(code, values[i] / threshold[i]);
            counts[i] += worth != 0 ? 1U : 0U;
            values[i] = worth * amplitude[i];
        }
        return;
    }
    HWY_DYNAMIC_DISPATCH(encode_all)
    (code, threshold.data(), amplitude.data(), values.data(), counts.data(), values.size());
}

void count_nonzero(std::span<const float> values, std::span<std::uint32_t> counts) {
    if (scalar_isa()) {
        for (std::size_t i = 0; i < values.size(); ++i) counts[i] += values[i] != 0 ? 1U : 0U;
        return;
    }
    HWY_DYNAMIC_DISPATCH(count_all)(values.data(), counts.data(), values.size());
}

}  // namespace ranvier
#endif
