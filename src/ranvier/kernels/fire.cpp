#include "ranvier/kernels/fire.hpp"

#include "ranvier/kernels/isa.hpp"

#include <bit>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ranvier/kernels/fire.cpp"
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

template <FireRule rule>
HWY_INLINE hn::Mask<Tag> step(Vector& u, Vector current, Vector threshold, Vector leak) {
    const Tag d;
    const auto one = hn::Set(d, 1.0F);
    const auto zero = hn::Zero(d);
    if constexpr (rule == FireRule::subtract || rule == FireRule::zero) {
        u = hn::Add(u, current);
        const auto fires = hn::Ge(u, threshold);
        u = rule == FireRule::subtract ? hn::IfThenElse(fires, hn::Sub(u, threshold), u)
                                       : hn::IfThenElse(fires, zero, u);
        return fires;
    } else if constexpr (rule == FireRule::leaky_delayed) {
        const auto fires = hn::Gt(hn::Sub(hn::Div(u, threshold), one), zero);
        const auto grown = hn::Add(hn::Mul(leak, u), current);
        u = hn::IfThenElse(fires, hn::Sub(grown, threshold), grown);
        return fires;
    } else {
        u = hn::Add(hn::Mul(leak, u), current);
        const auto fires = hn::Gt(hn::Sub(hn::Div(u, threshold), one), zero);
        u = rule == FireRule::leaky_same_step ? hn::IfThenElse(fires, hn::Sub(u, threshold), u)
                                              : hn::IfThenElse(fires, zero, u);
        return fires;
    }
}

template <FireRule rule, std::size_t n_vectors>
void fire_block(const FireBlock& block, std::uint64_t* bits, std::size_t stride) {
    const Tag d;
    const auto leak = hn::Set(d, block.leak);
    Vector u[n_vectors], threshold[n_vectors];
#pragma GCC unroll 16
    for (std::size_t v = 0; v < n_vectors; ++v) {
        u[v] = hn::LoadU(d, block.membrane + v * lanes);
        threshold[v] = hn::LoadU(d, block.threshold + v * lanes);
    }
    for (std::size_t s = 0; s < block.n_steps; ++s) {
        const float* current = block.currents + s * block.stride;
        std::uint64_t word = 0;
#pragma GCC unroll 16
        for (std::size_t v = 0; v < n_vectors; ++v)
            word |= bits_of(step<rule>(u[v], hn::LoadU(d, current + v * lanes), threshold[v], leak))
                    << (v * lanes);
        bits[s * stride] = word;
    }
#pragma GCC unroll 16
    for (std::size_t v = 0; v < n_vectors; ++v) hn::StoreU(u[v], d, block.membrane + v * lanes);
}

template <FireRule rule>
void fire_width(const FireBlock& block, std::uint64_t* bits, std::size_t stride) {
    switch (block.width) {
        case 16:
            return fire_block<rule, 16 / lanes>(block, bits, stride);
        case 32:
            return fire_block<rule, 32 / lanes>(block, bits, stride);
        default:
            return fire_block<rule, 64 / lanes>(block, bits, stride);
    }
}

void fire_any(const FireBlock& block, std::uint64_t* bits, std::size_t stride) {
    switch (block.rule) {
        case FireRule::subtract:
            return fire_width<FireRule::subtract>(block, bits, stride);
        case FireRule::zero:
            return fire_width<FireRule::zero>(block, bits, stride);
        case FireRule::leaky_delayed:
            return fire_width<FireRule::leaky_delayed>(block, bits, stride);
        case FireRule::leaky_same_step:
            return fire_width<FireRule::leaky_same_step>(block, bits, stride);
        case FireRule::leaky_zero:
            return fire_width<FireRule::leaky_zero>(block, bits, stride);
    }
}

template <std::size_t n_vectors>
void phase_block(const PhaseBlock& block, std::uint64_t* bits, std::size_t stride) {
    const Tag d;
    Vector u[n_vectors], threshold[n_vectors];
#pragma GCC unroll 16
    for (std::size_t v = 0; v < n_vectors; ++v) {
        u[v] = hn::LoadU(d, block.membrane + v * lanes);
        threshold[v] = hn::LoadU(d, block.threshold + v * lanes);
    }
    std::uint64_t fired = 0;
    for (std::size_t s = 0; s < block.n_steps; ++s) {
        const float* current = block.currents + s * block.stride;
#pragma GCC unroll 16
        for (std::size_t v = 0; v < n_vectors; ++v)
            u[v] = hn::Add(u[v], hn::LoadU(d, current + v * lanes));
        if (s < block.n_silent) continue;
        const auto needed = hn::Set(d, block.needed[s - block.n_silent]);
        std::uint64_t reached = 0;
#pragma GCC unroll 16
        for (std::size_t v = 0; v < n_vectors; ++v)
            reached |= bits_of(hn::Ge(hn::Div(u[v], threshold[v]), needed)) << (v * lanes);
        bits[(s - block.n_silent) * stride] = reached & ~fired;
        fired |= reached;
    }
#pragma GCC unroll 16
    for (std::size_t v = 0; v < n_vectors; ++v) hn::StoreU(u[v], d, block.membrane + v * lanes);
}

void fire_phases_any(const PhaseBlock& block, std::uint64_t* bits, std::size_t stride) {
    switch (block.width) {
        case 16:
            return phase_block<16 / lanes>(block, bits, stride);
        case 32:
            return phase_block<32 / lanes>(block, bits, stride);
        default:
            return phase_block<64 / lanes>(block, bits, stride);
    }
}

#if HWY_TARGET == HWY_AVX3_DL
/// Whole vectors of numbers, those of set bits moved to the front.
HWY_INLINE std::size_t list_word(std::uint64_t word, std::size_t first, std::uint16_t* out) {
    const hn::CappedTag<std::uint16_t, 32> d;
    const auto numbers = hn::Iota(d, static_cast<std::uint16_t>(first));
    const auto low = static_cast<__mmask32>(word);
    const auto high = static_cast<__mmask32>(word >> 32);
    const auto n_low = static_cast<std::size_t>(_mm_popcnt_u32(low));
    const auto upper = hn::Add(numbers, hn::Set(d, std::uint16_t{32}));
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi16(low, numbers.raw));
    _mm512_storeu_si512(out + n_low, _mm512_maskz_compress_epi16(high, upper.raw));
    return static_cast<std::size_t>(_mm_popcnt_u64(word));
}
#else
HWY_INLINE std::size_t list_word(std::uint64_t word, std::size_t first, std::uint16_t* out) {
    std::size_t n = 0;
    for (; word != 0; word &= word - 1)
        out[n++] = static_cast<std::uint16_t>(first + hwy::Num0BitsBelowLS1Bit_Nonzero64(word));
    return n;
}
#endif

std::size_t list_any(const BitsOfPlace& place, std::size_t at, std::uint16_t* channels,
                     std::uint32_t* offset) {
    const std::uint64_t* bits = place.bits;
    for (std::size_t s = 0; s < place.n_steps; ++s)
        for (std::size_t first = 0; first < place.n_words; first += place.words_per_segment) {
            *offset++ = static_cast<std::uint32_t>(at);
            const std::size_t last = first + place.words_per_segment < place.n_words
                                         ? first + place.words_per_segment
                                         : place.n_words;
            for (std::size_t w = first; w < last; ++w, ++bits)
                if (*bits != 0) at += list_word(*bits, 64 * w, channels + at);
        }
    return at;
}

/// Up to 255 steps in bytes, which are then widened.
void count_any(const std::uint64_t* bits, std::size_t n_words, std::size_t n_steps,
               std::size_t stride, std::uint32_t* counts) {
    const hn::CappedTag<std::uint8_t, 64> d;
    constexpr std::size_t byte_lanes = hn::MaxLanes(d);
    constexpr std::size_t n_vectors = 64 / byte_lanes;
    const auto one = hn::Set(d, std::uint8_t{1});
    alignas(64) std::uint8_t narrow[64];
    for (std::size_t w = 0; w < n_words; ++w)
        for (std::size_t first = 0; first < n_steps; first += 255) {
            const std::size_t last = first + 255 < n_steps ? first + 255 : n_steps;
            hn::Vec<decltype(d)> sums[n_vectors];
            for (std::size_t v = 0; v < n_vectors; ++v) sums[v] = hn::Zero(d);
            bool any = false;
            for (std::size_t s = first; s < last; ++s) {
                std::uint8_t bytes[16] = {};
                std::memcpy(bytes, bits + s * stride + w, 8);
                if (bits[s * stride + w] == 0) continue;
                any = true;
#pragma GCC unroll 4
                for (std::size_t v = 0; v < n_vectors; ++v)
                    sums[v] = hn::Add(
                        sums[v],
                        hn::IfThenElseZero(hn::LoadMaskBits(d, bytes + v * byte_lanes / 8), one));
            }
            if (!any) continue;
            for (std::size_t v = 0; v < n_vectors; ++v)
                hn::StoreU(sums[v], d, narrow + v * byte_lanes);
            for (std::size_t c = 0; c < 64; ++c) counts[64 * w + c] += narrow[c];
        }
}

}  // namespace
}  // namespace ranvier::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ranvier {

HWY_EXPORT(fire_any);
HWY_EXPORT(fire_phases_any);
HWY_EXPORT(count_any);
HWY_EXPORT(list_any);

namespace {

bool step_scalar(const FireBlock& block, float& u, float current, float threshold) {
    bool fires = false;
    switch (block.rule) {
        case FireRule::subtract:
        case FireRule::zero:
            u += current;
            fires = u >= threshold;
            if (fires) u = block.rule == FireRule::subtract ? u - threshold : 0.0F;
            return fires;
        case FireRule::leaky_delayed:
            fires = u / threshold - 1.0F > 0.0F;
            u = block.leak * u + current;
            if (fires) u -= threshold;
            return fires;
        case FireRule::leaky_same_step:
        case FireRule::leaky_zero:
            u = block.leak * u + current;
            fires = u / threshold - 1.0F > 0.0F;
            if (fires) u = block.rule == FireRule::leaky_same_step ? u - threshold : 0.0F;
            return fires;
    }
    return fires;
}

}  // namespace

void fire_reference(const FireBlock& block, std::uint64_t* bits, std::size_t stride) {
    for (std::size_t s = 0; s < block.n_steps; ++s) {
        bits[s * stride] = 0;
        for (std::size_t c = 0; c < block.width; ++c)
            if (step_scalar(block, block.membrane[c], block.currents[s * block.stride + c],
                            block.threshold[c]))
                bits[s * stride] |= std::uint64_t{1} << c;
    }
}

void fire(const FireBlock& block, std::uint64_t* bits, std::size_t stride) {
    if (scalar_isa()) return fire_reference(block, bits, stride);
    HWY_DYNAMIC_DISPATCH(fire_any)(block, bits, stride);
}

void fire_phases_reference(const PhaseBlock& block, std::uint64_t* bits, std::size_t bits_stride) {
    std::uint64_t fired = 0;
    for (std::size_t s = 0; s < block.n_steps; ++s) {
        std::uint64_t reached = 0;
        for (std::size_t c = 0; c < block.width; ++c) {
            block.membrane[c] += block.currents[s * block.stride + c];
            if (s >= block.n_silent &&
                block.membrane[c] / block.threshold[c] >= block.needed[s - block.n_silent])
                reached |= std::uint64_t{1} << c;
        }
        if (s < block.n_silent) continue;
        bits[(s - block.n_silent) * bits_stride] = reached & ~fired;
        fired |= reached;
    }
}

void fire_phases(const PhaseBlock& block, std::uint64_t* bits, std::size_t bits_stride) {
    if (scalar_isa()) return fire_phases_reference(block, bits, bits_stride);
    HWY_DYNAMIC_DISPATCH(fire_phases_any)(block, bits, bits_stride);
}

void count_spikes_reference(const std::uint64_t* bits, std::size_t n_words, std::size_t n_steps,
                            std::size_t stride, std::uint32_t* counts) {
    for (std::size_t s = 0; s < n_steps; ++s)
        for (std::size_t c = 0; c < 64 * n_words; ++c)
            counts[c] += static_cast<std::uint32_t>(bits[s * stride + c / 64] >> c % 64 & 1U);
}

void count_spikes(const std::uint64_t* bits, std::size_t n_words, std::size_t n_steps,
                  std::size_t stride, std::uint32_t* counts) {
    if (scalar_isa()) return count_spikes_reference(bits, n_words, n_steps, stride, counts);
    HWY_DYNAMIC_DISPATCH(count_any)(bits, n_words, n_steps, stride, counts);
}

std::size_t list_bits_reference(const BitsOfPlace& place, std::size_t at, std::uint16_t* channels,
                                std::uint32_t* offset) {
    for (std::size_t s = 0; s < place.n_steps; ++s)
        for (std::size_t w = 0; w < place.n_words; ++w) {
            if (w % place.words_per_segment == 0) *offset++ = static_cast<std::uint32_t>(at);
            std::uint64_t word = place.bits[s * place.n_words + w];
            for (; word != 0; word &= word - 1)
                channels[at++] = static_cast<std::uint16_t>(
                    64 * w + static_cast<std::size_t>(std::countr_zero(word)));
        }
    return at;
}

std::size_t list_bits(const BitsOfPlace& place, std::size_t at, std::uint16_t* channels,
                      std::uint32_t* offset) {
    if (scalar_isa()) return list_bits_reference(place, at, channels, offset);
    return HWY_DYNAMIC_DISPATCH(list_any)(place, at, channels, offset);
}

}  // namespace ranvier
#endif
