#include "ranvier/kernels/rows.hpp"

#include "ranvier/kernels/isa.hpp"

#include <algorithm>

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

/// A block of `n_vectors` vectors of sums that stay in registers.
template <std::size_t n_vectors>
void add_rows_of(const RowSegment<float>* segments, std::size_t n_segments, float* out) {
    const FloatTag d;
    constexpr std::size_t width = n_vectors * float_lanes;
    hn::Vec<FloatTag> sums[n_vectors];
#pragma GCC unroll 16
    for (std::size_t v = 0; v < n_vectors; ++v) sums[v] = hn::LoadU(d, out + v * float_lanes);
    for (std::size_t s = 0; s < n_segments; ++s) {
        const RowSegment<float>& segment = segments[s];
        if (segment.values == nullptr) {
            for (std::size_t e = 0; e < segment.n; ++e) {
                const float* row = segment.rows + segment.events[e] * width;
#pragma GCC unroll 16
                for (std::size_t v = 0; v < n_vectors; ++v)
                    sums[v] = hn::Add(sums[v], hn::LoadU(d, row + v * float_lanes));
            }
        } else {
            for (std::size_t e = 0; e < segment.n; ++e) {
                const float* row = segment.rows + segment.events[e] * width;
                const auto value = hn::Set(d, segment.values[e]);
#pragma GCC unroll 16
                for (std::size_t v = 0; v < n_vectors; ++v)
                    sums[v] = hn::Add(sums[v], hn::Mul(value, hn::LoadU(d, row + v * float_lanes)));
            }
        }
    }
#pragma GCC unroll 16
    for (std::size_t v = 0; v < n_vectors; ++v) hn::StoreU(sums[v], d, out + v * float_lanes);
}

void add_rows_any(const RowSegment<float>* segments, std::size_t n_segments, float* out,
                  std::size_t width) {
    switch (width) {
        case 16:
            return add_rows_of<16 / float_lanes>(segments, n_segments, out);
        case 32:
            return add_rows_of<32 / float_lanes>(segments, n_segments, out);
        default:
            return add_rows_of<64 / float_lanes>(segments, n_segments, out);
    }
}

// ---- int8 rows, summed in T as long as that cannot overflow, then widened.

template <typename T>
HWY_INLINE void widen_into(const T* narrow, std::size_t n, std::int32_t* out) {
    for (std::size_t i = 0; i < n; ++i) out[i] += narrow[i];
}

/// Sums in int8: rows of +-1 and other small numbers.
template <std::size_t n_vectors, typename D>
void sum_narrow(D d, const RowSegment<std::int8_t>* segments, std::size_t n_segments, int largest,
                std::int32_t* out) {
    constexpr std::size_t lanes = hn::MaxLanes(D());
    constexpr std::size_t width = n_vectors * lanes;
    const std::size_t limit = static_cast<std::size_t>(127 / largest);
    alignas(64) std::int8_t narrow[width];
    hn::Vec<D> sums[n_vectors];
    const auto clear = [&] {
#pragma GCC unroll 16
        for (std::size_t v = 0; v < n_vectors; ++v) sums[v] = hn::Zero(d);
    };
    const auto flush = [&] {
#pragma GCC unroll 16
        for (std::size_t v = 0; v < n_vectors; ++v) hn::StoreU(sums[v], d, narrow + v * lanes);
        widen_into(narrow, width, out);
        clear();
    };
    clear();
    std::size_t room = limit;
    for (std::size_t s = 0; s < n_segments; ++s) {
        const std::uint16_t* event = segments[s].events;
        std::size_t left = segments[s].n;
        while (left > 0) {
            const std::size_t n = left < room ? left : room;
            for (std::size_t e = 0; e < n; ++e) {
                const std::int8_t* row = segments[s].rows + event[e] * width;
#pragma GCC unroll 16
                for (std::size_t v = 0; v < n_vectors; ++v)
                    sums[v] = hn::Add(sums[v], hn::LoadU(d, row + v * lanes));
            }
            event += n;
            left -= n;
            room -= n;
            if (room == 0) {
                flush();
                room = limit;
            }
        }
    }
    flush();
}

/// Sums in int16.
template <std::size_t n_vectors, typename D>
void sum_wide(D d, const RowSegment<std::int8_t>* segments, std::size_t n_segments, int largest,
              std::int32_t* out) {
    constexpr std::size_t lanes = hn::MaxLanes(D());
    constexpr std::size_t width = n_vectors * lanes;
    const hn::Rebind<std::int8_t, D> d8;
    const std::size_t limit = static_cast<std::size_t>(32767 / largest);
    alignas(64) std::int16_t wide[width];
    hn::Vec<D> sums[n_vectors];
    const auto clear = [&] {
#pragma GCC unroll 16
        for (std::size_t v = 0; v < n_vectors; ++v) sums[v] = hn::Zero(d);
    };
    const auto flush = [&] {
#pragma GCC unroll 16
        for (std::size_t v = 0; v < n_vectors; ++v) hn::StoreU(sums[v], d, wide + v * lanes);
        widen_into(wide, width, out);
        clear();
    };
    clear();
    std::size_t room = limit;
    for (std::size_t s = 0; s < n_segments; ++s) {
        const std::uint16_t* event = segments[s].events;
        std::size_t left = segments[s].n;
        while (left > 0) {
            const std::size_t n = left < room ? left : room;
            for (std::size_t e = 0; e < n; ++e) {
                const std::int8_t* row = segments[s].rows + event[e] * width;
#pragma GCC unroll 16
                for (std::size_t v = 0; v < n_vectors; ++v)
                    sums[v] = hn::Add(sums[v], hn::PromoteTo(d, hn::LoadU(d8, row + v * lanes)));
            }
            event += n;
            left -= n;
            room -= n;
            if (room == 0) {
                flush();
                room = limit;
            }
        }
    }
    flush();
}

template <std::size_t width>
void sum_rows_of(const RowSegment<std::int8_t>* segments, std::size_t n_segments, int largest,
                 std::int32_t* out) {
    for (std::size_t c = 0; c < width; ++c) out[c] = 0;
    if (largest <= 4) {
        const hn::CappedTag<std::int8_t, width> d;
        constexpr std::size_t lanes = hn::MaxLanes(d);
        sum_narrow<width / lanes>(d, segments, n_segments, largest, out);
    } else {
        const hn::CappedTag<std::int16_t, width> d;
        constexpr std::size_t lanes = hn::MaxLanes(d);
        sum_wide<width / lanes>(d, segments, n_segments, largest, out);
    }
}

void sum_rows_any(const RowSegment<std::int8_t>* segments, std::size_t n_segments, int largest,
                  std::int32_t* out, std::size_t width) {
    switch (width) {
        case 16:
            return sum_rows_of<16>(segments, n_segments, largest, out);
        case 32:
            return sum_rows_of<32>(segments, n_segments, largest, out);
        default:
            return sum_rows_of<64>(segments, n_segments, largest, out);
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

}  // namespace
}  // namespace ranvier::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ranvier {

HWY_EXPORT(add_rows_any);
HWY_EXPORT(sum_rows_any);
HWY_EXPORT(add_dense_any);

void add_rows_reference(std::span<const RowSegment<float>> segments, std::span<float> out) {
    for (const RowSegment<float>& segment : segments)
        for (std::size_t e = 0; e < segment.n; ++e) {
            const float* row = segment.rows + segment.events[e] * out.size();
            const float value = segment.values == nullptr ? 1.0F : segment.values[e];
            for (std::size_t c = 0; c < out.size(); ++c) out[c] += value * row[c];
        }
}

void add_rows(std::span<const RowSegment<float>> segments, std::span<float> out) {
    if (scalar_isa()) return add_rows_reference(segments, out);
    HWY_DYNAMIC_DISPATCH(add_rows_any)(segments.data(), segments.size(), out.data(), out.size());
}

void sum_rows_reference(std::span<const RowSegment<std::int8_t>> segments,
                        std::span<std::int32_t> out) {
    std::fill(out.begin(), out.end(), 0);
    for (const RowSegment<std::int8_t>& segment : segments)
        for (std::size_t e = 0; e < segment.n; ++e)
            for (std::size_t c = 0; c < out.size(); ++c)
                out[c] += segment.rows[segment.events[e] * out.size() + c];
}

void sum_rows(std::span<const RowSegment<std::int8_t>> segments, int largest,
              std::span<std::int32_t> out) {
    if (scalar_isa()) return sum_rows_reference(segments, out);
    HWY_DYNAMIC_DISPATCH(sum_rows_any)
    (segments.data(), segments.size(), std::max(largest, 1), out.data(), out.size());
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

}  // namespace ranvier
#endif
