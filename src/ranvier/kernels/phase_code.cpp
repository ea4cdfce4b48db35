#include "ranvier/kernels/phase_code.hpp"

// Compiled once for every instruction set; the best one is chosen when the program runs.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ranvier/kernels/phase_code.cpp"
#include <hwy/foreach_target.h>  // must stand before highway.h
//
#include <hwy/highway.h>

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

void encode_all(const PhaseCode& code, const float* threshold, const float* amplitude,
                float* values, std::uint32_t* counts, std::size_t n) {
    const auto from = [&](std::size_t i) {
        return Neurons{threshold + i, amplitude + i, values + i, counts + i};
    };
    const hn::ScalableTag<float> d;
    const std::size_t step = 2 * hn::Lanes(d);
    std::size_t i = 0;
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
    HWY_DYNAMIC_DISPATCH(encode_all)
    (code, threshold.data(), amplitude.data(), values.data(), counts.data(), values.size());
}

void count_nonzero(std::span<const float> values, std::span<std::uint32_t> counts) {
    HWY_DYNAMIC_DISPATCH(count_all)(values.data(), counts.data(), values.size());
}

}  // namespace ranvier
#endif
