#include "ranvier/engine/row_gather.hpp"

#include "ranvier/kernels/append_rows.hpp"

#include <algorithm>

namespace ranvier {

namespace {

EventView within(const EventView& e, const ConvWeights::Range& range) {
    const std::uint16_t* from = std::lower_bound(e.channels, e.channels + e.n, range.first);
    const std::uint16_t* to = std::lower_bound(from, e.channels + e.n, range.first + range.n);
    const auto skip = static_cast<std::size_t>(from - e.channels);
    return {from, static_cast<std::size_t>(to - from),
            e.values == nullptr ? nullptr : e.values + skip};
}

}  // namespace

/// The request's steps [begin, end) that the signal has, and the index of step 0 (which it need not
/// have).
struct RowGather::Steps {
    std::size_t begin, end;
    std::ptrdiff_t shift;

    /// Where the lists of step s begin, segment by segment.
    [[nodiscard]] const std::uint32_t* offset(const Signal::PlaceLists& lists, std::size_t s,
                                              std::size_t segments) const {
        return lists.offset +
               (static_cast<std::ptrdiff_t>(s) + shift) * static_cast<std::ptrdiff_t>(segments);
    }
};

RowGather::Steps RowGather::common_steps(const CurrentsRequest& r) const {
    const std::ptrdiff_t shift = r.first - plan_.first;
    const auto n = static_cast<std::ptrdiff_t>(r.n_steps);
    const std::ptrdiff_t end = plan_.n_steps > 0 ? std::min(n, plan_.n_steps - shift) : n;
    const std::ptrdiff_t begin = std::clamp<std::ptrdiff_t>(-shift, 0, n);
    return {static_cast<std::size_t>(begin), static_cast<std::size_t>(std::max(begin, end)), shift};
}

RowLists RowGather::lists(const CurrentsRequest& r, const Cell& cell, const Signal& source,
                          const WeightTile& tile, std::size_t block, Scratch& scratch) const {
    const ConvWeights::Range& range = w_.inputs[block];
    const bool all = range.n == w_.n_in;
    const bool ready = all && !plan_.constant;  // the signal's lists are of the right steps
    const auto place_of = [&](const WeightTile::Part& part) {
        return w_.places[cell.place * w_.taps + part.tap];
    };
    const auto segments_of = [](const WeightTile::Part& part) {
        return std::pair{part.first_channel / segment_channels,
                         (part.last_channel + segment_channels - 1) / segment_channels};
    };
    const bool padded = !w_.bit_rows.empty();
    if (ready && !padded && tile.parts.size() == 1 && place_of(tile.parts[0]) >= 0) {
        const auto [first, last] = segments_of(tile.parts[0]);
        const auto place = static_cast<std::size_t>(place_of(tile.parts[0]));
        return taken(r, source.lists(cell.slot, place), first, last, scratch);
    }
    const std::size_t capacity = w_.taps * range.n + 48;
    const bool valued = !plan_.plain_spikes();
    if (scratch.rows.size() < r.n_steps * capacity) scratch.rows.resize(r.n_steps * capacity);
    if (valued && scratch.row_values.size() < scratch.rows.size())
        scratch.row_values.resize(scratch.rows.size());
    scratch.begin.resize(r.n_steps);
    for (std::size_t s = 0; s < r.n_steps; ++s)
        scratch.begin[s] = static_cast<std::uint32_t>(s * capacity);
    scratch.end = scratch.begin;
    std::size_t row = RowGather::first_row(tile);  // of the tile, where the part begins
    for (const WeightTile::Part& part : tile.parts) {
        const std::ptrdiff_t place = place_of(part);
        if (place >= 0 && ready) {
            const auto [first, last] = segments_of(part);
            append(r, source.lists(cell.slot, static_cast<std::size_t>(place)), first, last,
                   row - part.first_channel, scratch);
        } else if (place >= 0) {
            const ConvWeights::Range channels =
                all ? ConvWeights::Range{part.first_channel, part.last_channel - part.first_channel}
                    : range;
            append_slowly(r, source, {cell.slot, static_cast<std::size_t>(place)}, channels, row,
                          scratch);
        }
        row += all ? part.last_channel - part.first_channel : range.n;
    }
    for (std::size_t s = 0; s < r.n_steps && padded; ++s)
        std::fill_n(scratch.rows.data() + scratch.end[s], 16, w_.zero_row());
    return {scratch.rows.data(),
            valued ? scratch.row_values.data() : nullptr,
            scratch.begin.data(),
            scratch.end.data(),
            1,
            r.n_steps};
}

RowLists RowGather::taken(const CurrentsRequest& r, const Signal::PlaceLists& lists,
                          std::size_t first, std::size_t last, Scratch& scratch) const {
    const Steps steps = common_steps(r);
    const std::size_t segments = plan_.segments();
    if (steps.begin == 0 && steps.end == r.n_steps) {
        const std::uint32_t* offset = steps.offset(lists, 0, segments);
        return {lists.channels, lists.values, offset + first, offset + last, segments, r.n_steps};
    }
    scratch.begin.assign(r.n_steps, 0);
    scratch.end.assign(r.n_steps, 0);
    for (std::size_t s = steps.begin; s < steps.end; ++s) {
        const std::uint32_t* offset = steps.offset(lists, s, segments);
        scratch.begin[s] = offset[first];
        scratch.end[s] = offset[last];
    }
    return {lists.channels, lists.values, scratch.begin.data(), scratch.end.data(), 1, r.n_steps};
}

void RowGather::append(const CurrentsRequest& r, const Signal::PlaceLists& lists, std::size_t first,
                       std::size_t last, std::size_t add, Scratch& scratch) const {
    const Steps steps = common_steps(r);
    if (steps.begin == steps.end) return;
    const std::size_t segments = plan_.segments();
    const std::uint32_t* offset = steps.offset(lists, steps.begin, segments);
    append_rows({lists.channels, lists.values, offset + first, offset + last, segments,
                 steps.end - steps.begin},
                static_cast<std::uint16_t>(add),
                {scratch.rows.data(), scratch.row_values.data(), scratch.end.data() + steps.begin});
}

/// Constant signals, and blocks of outputs that read some channels only.
void RowGather::append_slowly(const CurrentsRequest& r, const Signal& source, const Cell& from,
                              const ConvWeights::Range& channels, std::size_t row,
                              Scratch& scratch) const {
    for (std::size_t s = 0; s < r.n_steps; ++s) {
        const int index = index_of(plan_, r.first + static_cast<int>(s));
        if (index < 0) continue;
        const EventView e =
            within(source.events(from.slot, from.place, static_cast<std::size_t>(index)), channels);
        const std::uint32_t ends[] = {0, static_cast<std::uint32_t>(e.n)};
        append_rows({e.channels, e.values, ends, ends + 1, 1, 1},
                    static_cast<std::uint16_t>(row - channels.first),
                    {scratch.rows.data(), scratch.row_values.data(), scratch.end.data() + s});
    }
}

}  // namespace ranvier
