#include "ranvier/kernels/popcount.hpp"

#include "ranvier/kernels/isa.hpp"

#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ranvier/kernels/popcount.cpp"
#include <hwy/foreach_target.h>  // must stand before highway.h
//
#include <hwy/highway.h>
//
#include "ranvier/kernels/carry_save.hpp"

HWY_BEFORE_NAMESPACE();
namespace ranvier::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::CappedTag<std::uint32_t, popcount_lanes>;
using Vector = hn::Vec<Tag>;
constexpr std::size_t lanes = hn::MaxLanes(Tag());

/// Harley-Seal: eight words go through a tree of carry-save adders, so that only one of their eight
/// counters needs a population count.
struct Counter {
    Vector ones, twos, fours, eights_count, ones_count;

    HWY_INLINE void clear() { ones = twos = fours = eights_count = ones_count = hn::Zero(Tag()); }
    HWY_INLINE void add8(const Vector* weight, const std::uint32_t* spikes) {
        const Tag d;
        const auto both = [&](std::size_t k) { return hn::And(weight[k], hn::Set(d, spikes[k])); };
        const Vector twos_a = carry_save(ones, both(0), both(1));
        const Vector twos_b = carry_save(ones, both(2), both(3));
        const Vector fours_a = carry_save(twos, twos_a, twos_b);
        const Vector twos_c = carry_save(ones, both(4), both(5));
        const Vector twos_d = carry_save(ones, both(6), both(7));
        const Vector fours_b = carry_save(twos, twos_c, twos_d);
        const Vector eights = carry_save(fours, fours_a, fours_b);
        eights_count = hn::Add(eights_count, hn::PopulationCount(eights));
    }
    HWY_INLINE void add1(Vector weight, std::uint32_t spikes) {
        const Vector both = hn::And(weight, hn::Set(Tag(), spikes));
        ones_count = hn::Add(ones_count, hn::PopulationCount(both));
    }
    [[nodiscard]] HWY_INLINE Vector total() const {
        const Vector high =
            hn::Add(hn::ShiftLeft<3>(eights_count), hn::ShiftLeft<2>(hn::PopulationCount(fours)));
        const Vector low =
            hn::Add(hn::ShiftLeft<1>(hn::PopulationCount(twos)), hn::PopulationCount(ones));
        return hn::Add(hn::Add(high, low), ones_count);
    }
};

template <std::size_t n_steps>
void count_lanes(const std::uint32_t* weights, const std::uint32_t* spikes,
                 const std::int32_t* totals, std::size_t n_words, std::int32_t* out,
                 std::size_t out_stride) {
    const Tag d;
    Counter counter[n_steps];
#pragma GCC unroll 4
    for (std::size_t s = 0; s < n_steps; ++s) counter[s].clear();
    std::size_t k = 0;
    for (; k + 8 <= n_words; k += 8) {
        Vector weight[8];
#pragma GCC unroll 8
        for (std::size_t i = 0; i < 8; ++i)
            weight[i] = hn::LoadU(d, weights + (k + i) * popcount_lanes);
#pragma GCC unroll 4
        for (std::size_t s = 0; s < n_steps; ++s) counter[s].add8(weight, spikes + s * n_words + k);
    }
    for (; k < n_words; ++k) {
        const Vector weight = hn::LoadU(d, weights + k * popcount_lanes);
#pragma GCC unroll 4
        for (std::size_t s = 0; s < n_steps; ++s) counter[s].add1(weight, spikes[s * n_words + k]);
    }
    const hn::Rebind<std::int32_t, Tag> d_out;
#pragma GCC unroll 4
    for (std::size_t s = 0; s < n_steps; ++s) {
        const auto twice = hn::BitCast(d_out, hn::ShiftLeft<1>(counter[s].total()));
        hn::StoreU(hn::Sub(twice, hn::Set(d_out, totals[s])), d_out, out + s * out_stride);
    }
}

void and_popcount_any(const std::uint32_t* weights, const PackedSpikes& spikes, std::int32_t* out,
                      std::size_t out_stride) {
    // Three steps share each weight: with more the counters would not stay in registers.
    constexpr std::size_t together = HWY_MAX_BYTES == 64 ? 3 : 1;
    const std::size_t n_words = spikes.n_words;
    for (std::size_t c = 0; c < popcount_lanes; c += lanes) {
        std::size_t s = 0;
        for (; s + together <= spikes.n_steps; s += together)
            count_lanes<together>(weights + c, spikes.words + s * n_words, spikes.totals + s,
                                  n_words, out + s * out_stride + c, out_stride);
        for (; s < spikes.n_steps; ++s)
            count_lanes<1>(weights + c, spikes.words + s * n_words, spikes.totals + s, n_words,
                           out + s * out_stride + c, out_stride);
    }
}

std::uint64_t peak(std::size_t n_rounds, std::uint32_t* sink) {
    const Tag d;
    constexpr std::size_t chains = 8;
    Vector sums[chains], masks[chains];
#pragma GCC unroll 8
    for (std::size_t i = 0; i < chains; ++i) {
        sums[i] = hn::Zero(d);
        masks[i] = hn::Set(d, 0x9E3779B9U * static_cast<std::uint32_t>(i + 1) + *sink);
    }
    for (std::size_t r = 0; r < n_rounds; ++r) {
#pragma GCC unroll 8
        for (std::size_t i = 0; i < chains; ++i)
            sums[i] = hn::Add(sums[i], hn::PopulationCount(hn::And(masks[i], sums[i])));
    }
    Vector all = sums[0];
    for (std::size_t i = 1; i < chains; ++i) all = hn::Add(all, sums[i]);
    *sink += hn::GetLane(all);
    return static_cast<std::uint64_t>(n_rounds) * chains * lanes * 32;
}

}  // namespace
}  // namespace ranvier::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ranvier {

HWY_EXPORT(and_popcount_any);
HWY_EXPORT(peak);

void and_popcount_reference(const std::uint32_t* weights, const PackedSpikes& spikes,
                            std::int32_t* out, std::size_t out_stride) {
    for (std::size_t s = 0; s < spikes.n_steps; ++s)
        for (std::size_t c = 0; c < popcount_lanes; ++c) {
            std::int32_t n = 0;
            for (std::size_t k = 0; k < spikes.n_words; ++k)
                n += std::popcount(weights[k * popcount_lanes + c] &
                                   spikes.words[s * spikes.n_words + k]);
            out[s * out_stride + c] = 2 * n - spikes.totals[s];
        }
}

void and_popcount(const std::uint32_t* weights, const PackedSpikes& spikes, std::int32_t* out,
                  std::size_t out_stride) {
    if (scalar_isa()) return and_popcount_reference(weights, spikes, out, out_stride);
    HWY_DYNAMIC_DISPATCH(and_popcount_any)(weights, spikes, out, out_stride);
}

std::uint64_t popcount_peak(std::size_t n_rounds, std::uint32_t& sink) {
    return HWY_DYNAMIC_DISPATCH(peak)(n_rounds, &sink);
}

}  // namespace ranvier
#endif
