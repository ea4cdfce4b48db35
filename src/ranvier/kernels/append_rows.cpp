#include "ranvier/kernels/append_rows.hpp"

#include "ranvier/kernels/isa.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ranvier/kernels/append_rows.cpp"
#include <hwy/foreach_target.h>  // must stand before highway.h
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ranvier::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

void append_any(const ChannelLists& from, std::uint16_t add, const GrowingLists& to) {
    const hn::CappedTag<std::uint16_t, 32> d;
    const hn::CappedTag<float, 16> d_value;
    const auto offset = hn::Set(d, add);
    for (std::size_t s = 0; s < from.n_steps; ++s) {
        const std::size_t first = from.begin[s * from.stride];
        const std::size_t n = from.end[s * from.stride] - first;
        const std::size_t at = to.end[s];
        for (std::size_t k = 0; k < n; k += hn::MaxLanes(d))
            hn::StoreU(hn::Add(hn::LoadU(d, from.channels + first + k), offset), d,
                       to.rows + at + k);
        for (std::size_t k = 0; k < n && from.values != nullptr; k += hn::MaxLanes(d_value))
            hn::StoreU(hn::LoadU(d_value, from.values + first + k), d_value, to.values + at + k);
        to.end[s] = static_cast<std::uint32_t>(at + n);
    }
}

}  // namespace
}  // namespace ranvier::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ranvier {

HWY_EXPORT(append_any);

void append_rows_reference(const ChannelLists& from, std::uint16_t add, const GrowingLists& to) {
    for (std::size_t s = 0; s < from.n_steps; ++s)
        for (std::size_t k = from.begin[s * from.stride]; k < from.end[s * from.stride]; ++k) {
            const std::size_t at = to.end[s]++;
            to.rows[at] = static_cast<std::uint16_t>(from.channels[k] + add);
            if (from.values != nullptr) to.values[at] = from.values[k];
        }
}

void append_rows(const ChannelLists& from, std::uint16_t add, const GrowingLists& to) {
    if (scalar_isa()) return append_rows_reference(from, add, to);
    HWY_DYNAMIC_DISPATCH(append_any)(from, add, to);
}

}  // namespace ranvier
#endif
