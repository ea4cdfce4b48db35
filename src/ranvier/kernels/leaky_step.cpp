#include "ranvier/kernels/leaky_step.hpp"

#include "ranvier/kernels/isa.hpp"

#include <bit>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ranvier/kernels/leaky_step.cpp"
#include <hwy/foreach_target.h>  // must stand before highway.h
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ranvier::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::CappedTag<float, 16>;
using Vector = hn::Vec<Tag>;
constexpr std::size_t lanes = hn::MaxLanes(Tag());

HWY_INLINE std::uint64_t bits_of(hn::Mask<Tag> mask) {
    std::uint8_t bytes[8] = {};
    hn::StoreMaskBits(Tag(), mask, bytes);
    std::uint64_t bits = 0;
    std::memcpy(&bits, bytes, 2);
    return bits;
}

template <LeakyForm form>
HWY_INLINE Vector integrate(const LeakyRule& rule, Vector v, Vector exc, Vector inh) {
    const Tag d;
    const auto one = hn::Set(d, 1.0F);
    const auto rest = hn::Set(d, rule.rest);
    const auto ge = hn::Mul(exc, hn::Set(d, rule.mean_exc));
    const auto gi = hn::Mul(inh, hn::Set(d, rule.mean_inh));
    if constexpr (form == LeakyForm::current) {
        const auto kept = hn::Mul(hn::Sub(v, rest), hn::Set(d, rule.keep));
        return hn::Add(hn::Add(rest, kept), hn::Sub(ge, gi));
    } else {
        const auto share = hn::Set(d, rule.share);
        const auto to_exc = hn::Mul(ge, hn::Set(d, rule.e_exc));
        const auto to_inh = hn::Mul(gi, hn::Set(d, rule.e_inh));
        const auto pull = hn::Add(hn::Add(rest, to_exc), to_inh);
        const auto total = hn::Add(hn::Add(one, ge), gi);
        return hn::Div(hn::Add(v, hn::Mul(share, pull)), hn::Add(one, hn::Mul(share, total)));
    }
}

template <LeakyForm form>
std::size_t step(const LeakyRule& rule, const LeakyNeurons& neurons, std::uint64_t* bits) {
    const Tag d;
    const auto zero = hn::Zero(d);
    const auto one = hn::Set(d, 1.0F);
    const auto reset = hn::Set(d, rule.reset);
    const auto threshold = hn::Set(d, rule.threshold);
    const auto refractory = hn::Set(d, rule.refractory);
    const auto decay_exc = hn::Set(d, rule.decay_exc);
    const auto decay_inh = hn::Set(d, rule.decay_inh);
    std::size_t n_fired = 0;
    for (std::size_t first = 0; first < neurons.n; first += 64) {
        std::uint64_t word = 0;
        for (std::size_t i = first; i < first + 64; i += lanes) {
            const auto exc = hn::LoadU(d, neurons.drive_exc + i);
            const auto inh = hn::LoadU(d, neurons.drive_inh + i);
            const auto wait = hn::LoadU(d, neurons.wait + i);
            const auto waits = hn::Gt(wait, zero);
            const auto v = hn::IfThenElse(
                waits, reset, integrate<form>(rule, hn::LoadU(d, neurons.membrane + i), exc, inh));
            const auto level = hn::Add(threshold, hn::LoadU(d, neurons.theta + i));
            const auto fires = hn::AndNot(waits, hn::Gt(v, level));
            hn::StoreU(hn::IfThenElse(fires, reset, v), d, neurons.membrane + i);
            const auto left = hn::IfThenElseZero(waits, hn::Sub(wait, one));
            hn::StoreU(hn::IfThenElse(fires, refractory, left), d, neurons.wait + i);
            hn::StoreU(hn::Mul(exc, decay_exc), d, neurons.drive_exc + i);
            hn::StoreU(hn::Mul(inh, decay_inh), d, neurons.drive_inh + i);
            word |= bits_of(fires) << (i - first);
        }
        bits[first / 64] = word;
        n_fired += static_cast<std::size_t>(std::popcount(word));
    }
    return n_fired;
}

std::size_t step_any(const LeakyRule& rule, const LeakyNeurons& neurons, std::uint64_t* bits) {
    return rule.form == LeakyForm::current ? step<LeakyForm::current>(rule, neurons, bits)
                                           : step<LeakyForm::conductance>(rule, neurons, bits);
}

}  // namespace
}  // namespace ranvier::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ranvier {

HWY_EXPORT(step_any);

namespace {

float integrate_scalar(const LeakyRule& rule, float v, float ge, float gi) {
    if (rule.form == LeakyForm::current) return rule.rest + (v - rule.rest) * rule.keep + (ge - gi);
    const float pull = rule.rest + ge * rule.e_exc + gi * rule.e_inh;
    return (v + rule.share * pull) / (1.0F + rule.share * (1.0F + ge + gi));
}

/// Whether neuron i fires.
bool step_scalar(const LeakyRule& rule, const LeakyNeurons& neurons, std::size_t i) {
    float& v = neurons.membrane[i];
    float& wait = neurons.wait[i];
    const float ge = neurons.drive_exc[i] * rule.mean_exc;
    const float gi = neurons.drive_inh[i] * rule.mean_inh;
    neurons.drive_exc[i] *= rule.decay_exc;
    neurons.drive_inh[i] *= rule.decay_inh;
    if (wait > 0) {
        wait -= 1;
        v = rule.reset;
        return false;
    }
    wait = 0;
    v = integrate_scalar(rule, v, ge, gi);
    if (!(v > rule.threshold + neurons.theta[i])) return false;
    v = rule.reset;
    wait = rule.refractory;
    return true;
}

}  // namespace

std::size_t leaky_step_reference(const LeakyRule& rule, const LeakyNeurons& neurons,
                                 std::uint64_t* bits) {
    std::size_t n_fired = 0;
    for (std::size_t i = 0; i < neurons.n; ++i) {
        if (i % 64 == 0) bits[i / 64] = 0;
        if (!step_scalar(rule, neurons, i)) continue;
        bits[i / 64] |= std::uint64_t{1} << i % 64;
        ++n_fired;
    }
    return n_fired;
}

std::size_t leaky_step(const LeakyRule& rule, const LeakyNeurons& neurons, std::uint64_t* bits) {
    if (scalar_isa()) return leaky_step_reference(rule, neurons, bits);
    return HWY_DYNAMIC_DISPATCH(step_any)(rule, neurons, bits);
}

}  // namespace ranvier
#endif
