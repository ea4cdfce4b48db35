#include "ranvier/kernels/sparse_rows.hpp"

#include "ranvier/kernels/isa.hpp"

#include <cmath>

// Compiled once for every instruction set; the best one is chosen when the program runs.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ranvier/kernels/sparse_rows.cpp"
#include <hwy/foreach_target.h>  // must stand before highway.h
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ranvier::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// One row's entries: factors, columns, how many.
struct Entries {
    const float* factor;
    const std::int32_t* column;
    std::size_t n;
};

/// Columns [0, 4 vectors) of one row of the result: the sums stay in registers.
template <typename D>
void sum_four(D d, const Entries& entries, const float* dense, std::size_t width, float* to) {
    const std::size_t lanes = hn::Lanes(d);
    auto s0 = hn::Zero(d), s1 = hn::Zero(d), s2 = hn::Zero(d), s3 = hn::Zero(d);
    for (std::size_t e = 0; e < entries.n; ++e) {
        if (entries.factor[e] == 0) continue;
        const auto by = hn::Set(d, entries.factor[e]);
        const float* row = dense + static_cast<std::size_t>(entries.column[e]) * width;
        s0 = hn::MulAdd(by, hn::LoadU(d, row), s0);
        s1 = hn::MulAdd(by, hn::LoadU(d, row + lanes), s1);
        s2 = hn::MulAdd(by, hn::LoadU(d, row + 2 * lanes), s2);
        s3 = hn::MulAdd(by, hn::LoadU(d, row + 3 * lanes), s3);
    }
    hn::StoreU(s0, d, to);
    hn::StoreU(s1, d, to + lanes);
    hn::StoreU(s2, d, to + 2 * lanes);
    hn::StoreU(s3, d, to + 3 * lanes);
}

template <typename D>
void sum_one(D d, const Entries& entries, const float* dense, std::size_t width, float* to) {
    auto sum = hn::Zero(d);
    for (std::size_t e = 0; e < entries.n; ++e) {
        if (entries.factor[e] == 0) continue;
        const float* row = dense + static_cast<std::size_t>(entries.column[e]) * width;
        sum = hn::MulAdd(hn::Set(d, entries.factor[e]), hn::LoadU(d, row), sum);
    }
    hn::StoreU(sum, d, to);
}

void gather(const std::int64_t* row_start, const std::int32_t* column, const float* factor,
            const float* dense, std::size_t width, std::int64_t first, std::int64_t last,
            float* to) {
    const hn::ScalableTag<float> d;
    const hn::CappedTag<float, 1> one;
    const std::size_t lanes = hn::Lanes(d);
    for (std::int64_t r = first; r < last; ++r) {
        const std::int64_t begin = row_start[r];
        const Entries entries{factor + begin, column + begin,
                              static_cast<std::size_t>(row_start[r + 1] - begin)};
        float* sums = to + static_cast<std::size_t>(r) * width;
        std::size_t c = 0;
        for (; c + 4 * lanes <= width; c += 4 * lanes)
            sum_four(d, entries, dense + c, width, sums + c);
        for (; c + lanes <= width; c += lanes) sum_one(d, entries, dense + c, width, sums + c);
        for (; c < width; ++c) sum_one(one, entries, dense + c, width, sums + c);
    }
}

}  // namespace
}  // namespace ranvier::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ranvier {

HWY_EXPORT(gather);

void gather_rows(const SparseMatrix& graph, std::span<const float> factor, const float* dense,
                 std::size_t width, std::int64_t first, std::int64_t last, float* to) {
    if (scalar_isa()) {
        for (std::int64_t r = first; r < last; ++r)
            for (std::size_t c = 0; c < width; ++c) {
                float sum = 0;
                for (std::int64_t e = graph.row_start[static_cast<std::size_t>(r)];
                     e < graph.row_start[static_cast<std::size_t>(r) + 1]; ++e) {
                    const auto k = static_cast<std::size_t>(e);
                    sum =
                        std::fma(factor[k],
                                 dense[static_cast<std::size_t>(graph.column[k]) * width + c], sum);
                }
                to[static_cast<std::size_t>(r) * width + c] = sum;
            }
        return;
    }
    HWY_DYNAMIC_DISPATCH(gather)
    (graph.row_start.data(), graph.column.data(), factor.data(), dense, width, first, last, to);
}

}  // namespace ranvier
#endif
