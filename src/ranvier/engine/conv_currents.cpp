#include "ranvier/engine/conv_currents.hpp"

#include "ranvier/engine/conv_weights.hpp"
#include "ranvier/kernels/popcount.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <numeric>

namespace ranvier {

namespace {

/// Copies sixteen at a time; both sides have room behind their end.
void append_rows(const std::uint16_t* from, std::size_t n, std::size_t add, std::uint16_t* to) {
    const auto offset = static_cast<std::uint16_t>(add);
    for (std::size_t k = 0; k < n; k += 16)
        for (std::size_t j = 0; j < 16; ++j)
            to[k + j] = static_cast<std::uint16_t>(from[k + j] + offset);
}

void copy_sixteens(const float* from, std::size_t n, float* to) {
    for (std::size_t k = 0; k < n; k += 16)
        for (std::size_t j = 0; j < 16; ++j) to[k + j] = from[k + j];
}

static_assert(std::endian::native == std::endian::little, "words of spikes are copied in halves");

class ConvCurrents final : public Currents {
public:
    ConvCurrents(ConvWeights weights, std::size_t signal, const SignalPlan& plan,
                 const CostModel& costs)
        : w_(std::move(weights)), signal_(signal), plan_(plan), costs_(costs) {
        for (std::size_t tap = 0; tap < w_.taps; ++tap) whole_.parts.push_back({tap, 0, w_.n_in});
    }

    void compute(const CurrentsRequest& r, const std::vector<Signal>& signals, Scratch& scratch,
                 float* out) const override {
        const Signal& source = signals[signal_];
        const std::size_t block = r.first_channel / w_.width;
        if (w_.floats.empty())
            compute_integers(r, source, block, scratch, out);
        else
            compute_floats(r, source, block, scratch, out);
    }
    void add_sources(std::vector<std::size_t>& signals) const override {
        signals.push_back(signal_);
    }
    std::string describe() const override {
        if (!w_.plus_bits.empty())
            return fmt::format("AND-popcount from {:.1f} % of spikes on, int8 events below",
                               100 * popcount_from());
        if (w_.floats.empty()) return "int8 events";
        if (!plan_.plain_spikes()) return "float values";
        return fmt::format("float events, dense from {:.0f} % of spikes on",
                           std::min(100.0, 100 * costs_.dense_row / costs_.float_row));
    }

private:
    /// Share of inputs that must spike for words of bits to be cheaper than events.
    [[nodiscard]] double popcount_from() const {
        return static_cast<double>(w_.n_words()) * costs_.popcount_word /
               (static_cast<double>(w_.taps * w_.n_in) * costs_.int8_row);
    }

    void compute_floats(const CurrentsRequest& r, const Signal& source, std::size_t block,
                        Scratch& scratch, float* out) const {
        const float* bias = w_.bias.data() + block * w_.width;
        const std::size_t n_lists = r.cells.size() * r.n_steps;
        for (std::size_t k = 0; k < n_lists; ++k)
            if (w_.scale.empty())
                std::copy_n(bias, w_.width, out + k * w_.width);
            else
                std::fill_n(out + k * w_.width, w_.width, 0.0F);
        for_each_tile(r, source, block, scratch,
                      [&](const WeightTile& tile, std::size_t cell, std::size_t n_events) {
                          const float* rows = w_.floats[block].data() + base_row(tile) * w_.width;
                          float* to = out + cell * r.n_steps * w_.width;
                          if (plan_.plain_spikes() && tile.n_rows > 0 && r.n_steps >= 4 &&
                              static_cast<double>(n_events) * costs_.float_row >
                                  static_cast<double>(tile.n_rows * r.n_steps) * costs_.dense_row)
                              add_dense(rows, first_of(tile), tile.n_rows, r.n_steps, scratch, to);
                          else
                              add_rows(rows, w_.width, scratch.lists, to);
                      });
        if (w_.scale.empty()) return;
        const float* scale = w_.scale.data() + block * w_.width;
        for (std::size_t k = 0; k < n_lists; ++k, out += w_.width)
            for (std::size_t c = 0; c < w_.width; ++c) out[c] = out[c] * scale[c] + bias[c];
    }

    void compute_integers(const CurrentsRequest& r, const Signal& source, std::size_t block,
                          Scratch& scratch, float* out) const {
        const std::size_t size = r.n_steps * w_.width;
        if (scratch.sums.size() < r.cells.size() * size) scratch.sums.resize(r.cells.size() * size);
        std::fill_n(scratch.sums.data(), r.cells.size() * size, 0);
        scratch.counted.assign(r.cells.size(), false);
        if (!w_.plus_bits.empty())
            for (std::size_t k = 0; k < r.cells.size(); ++k)
                count_if_cheaper(r, source, block, k, scratch, scratch.sums.data() + k * size);
        for_each_tile(r, source, block, scratch,
                      [&](const WeightTile& tile, std::size_t cell, std::size_t) {
                          const std::size_t first = base_row(tile) * w_.width;
                          std::int32_t* sums = scratch.sums.data() + cell * size;
                          if (w_.integers.empty())
                              sum_rows(w_.wide_integers[block].data() + first, w_.width, w_.largest,
                                       scratch.lists, sums);
                          else
                              sum_rows(w_.integers[block].data() + first, w_.width, w_.largest,
                                       scratch.lists, sums);
                      });
        scale_sums(scratch.sums.data(), w_.scale.data() + block * w_.width,
                   w_.bias.data() + block * w_.width, w_.width, r.cells.size() * r.n_steps, out);
    }

    /// The row that number 0 in scratch.lists means: lists count from the tap's channel 0 where a
    /// tile has one tap, so that events can be used as they are.
    [[nodiscard]] static std::size_t base_row(const WeightTile& tile) {
        return tile.first_row - first_of(tile);
    }

    /// Calls work(tile, cell, events) for each piece of the weights and each cell that has events
    /// for it, with their rows in scratch.lists, one list per step.
    template <typename Work>
    void for_each_tile(const CurrentsRequest& r, const Signal& source, std::size_t block,
                       Scratch& scratch, const Work& work) const {
        const bool some_counted = !scratch.counted.empty() && !w_.plus_bits.empty();
        const auto visit = [&](const WeightTile& tile) {
            for (std::size_t k = 0; k < r.cells.size(); ++k) {
                if (some_counted && scratch.counted[k]) continue;
                const std::size_t n = gather(r, r.cells[k], source, tile, block, scratch);
                if (n > 0) work(tile, k, n);
            }
        };
        if (w_.tiles.empty()) return visit(whole_);
        for (const WeightTile& tile : w_.tiles) visit(tile);
    }

    /// The rows of a tile that spike, step by step, in scratch.lists. @return how many.
    std::size_t gather(const CurrentsRequest& r, const Cell& cell, const Signal& source,
                       const WeightTile& tile, std::size_t block, Scratch& scratch) const {
        scratch.lists.assign(r.n_steps, RowList{nullptr, 0, nullptr});
        std::size_t n_events = 0;
        std::size_t row = 0;  // of the tile, where the part's channels begin
        for (const WeightTile::Part& part : tile.parts) {
            const std::ptrdiff_t place = w_.places[cell.place * w_.taps + part.tap];
            if (place >= 0)
                n_events += gather_tap(r, {cell.slot, static_cast<std::size_t>(place)}, source,
                                       tile, part, w_.inputs[block], row, scratch);
            row += rows_of(part, w_.inputs[block]);
        }
        return n_events;
    }

    [[nodiscard]] std::size_t rows_of(const WeightTile::Part& part,
                                      const ConvWeights::Range& range) const {
        return range.n == w_.n_in ? part.last_channel - part.first_channel : range.n;
    }

    std::size_t gather_tap(const CurrentsRequest& r, const Cell& from, const Signal& source,
                           const WeightTile& tile, const WeightTile::Part& part,
                           const ConvWeights::Range& range, std::size_t row,
                           Scratch& scratch) const {
        const bool all = range.n == w_.n_in;
        const std::size_t first = part.first_channel / segment_channels;
        const std::size_t last = (part.last_channel + segment_channels - 1) / segment_channels;
        const bool in_place = tile.parts.size() == 1 && all;
        const std::size_t add = row - (all ? part.first_channel : range.first);
        const std::size_t capacity = w_.taps * range.n + 32;
        if (!in_place) make_room(r.n_steps * capacity, scratch);
        if (all && !plan_.constant) {
            const Signal::PlaceLists lists = source.lists(from.slot, from.place);
            return in_place ? take_lists(r, lists, first, last, scratch)
                            : append_lists(r, lists, first, last, add, capacity, scratch);
        }
        std::size_t n_events = 0;
        for (std::size_t s = 0; s < r.n_steps; ++s) {
            const int index = index_of(plan_, r.first + static_cast<int>(s));
            if (index < 0) continue;
            EventView e =
                source.events(from.slot, from.place, static_cast<std::size_t>(index), first, last);
            if (!all) e = within(e, range);
            n_events += e.n;
            if (in_place)
                scratch.lists[s] = {e.channels, e.n, e.values};
            else if (e.n > 0)
                append(e, add, s * capacity, scratch.lists[s], scratch);
        }
        return n_events;
    }

    /// The request's steps [begin, end) that the signal has, and the index of step 0 (which it need
    /// not have).
    struct StepRange {
        std::size_t begin, end;
        std::ptrdiff_t shift;
    };
    [[nodiscard]] StepRange common_steps(const CurrentsRequest& r) const {
        const std::ptrdiff_t shift = r.first - plan_.first;
        const auto n = static_cast<std::ptrdiff_t>(r.n_steps);
        const std::ptrdiff_t end = plan_.n_steps > 0 ? std::min(n, plan_.n_steps - shift) : n;
        const std::ptrdiff_t begin = std::clamp<std::ptrdiff_t>(-shift, 0, n);
        return {static_cast<std::size_t>(begin), static_cast<std::size_t>(std::max(begin, end)),
                shift};
    }

    /// Where a step's lists of events begin, segment by segment.
    [[nodiscard]] const std::uint32_t* offsets_of(const Signal::PlaceLists& lists,
                                                  const StepRange& steps, std::size_t s) const {
        return lists.offset + (static_cast<std::ptrdiff_t>(s) + steps.shift) *
                                  static_cast<std::ptrdiff_t>(plan_.segments());
    }

    std::size_t take_lists(const CurrentsRequest& r, const Signal::PlaceLists& lists,
                           std::size_t first, std::size_t last, Scratch& scratch) const {
        const StepRange steps = common_steps(r);
        std::size_t n_events = 0;
        for (std::size_t s = steps.begin; s < steps.end; ++s) {
            const std::uint32_t* offset = offsets_of(lists, steps, s);
            const std::size_t n = offset[last] - offset[first];
            scratch.lists[s] = {lists.channels + offset[first], n,
                                lists.values == nullptr ? nullptr : lists.values + offset[first]};
            n_events += n;
        }
        return n_events;
    }

    std::size_t append_lists(const CurrentsRequest& r, const Signal::PlaceLists& lists,
                             std::size_t first, std::size_t last, std::size_t add,
                             std::size_t capacity, Scratch& scratch) const {
        const StepRange steps = common_steps(r);
        std::size_t n_events = 0;
        for (std::size_t s = steps.begin; s < steps.end; ++s) {
            const std::uint32_t* offset = offsets_of(lists, steps, s);
            const std::size_t n = offset[last] - offset[first];
            if (n == 0) continue;
            RowList& list = scratch.lists[s];
            std::uint16_t* to = scratch.rows.data() + s * capacity;
            append_rows(lists.channels + offset[first], n, add, to + list.n);
            list.rows = to;
            if (lists.values != nullptr) {
                float* values = scratch.row_values.data() + s * capacity;
                copy_sixteens(lists.values + offset[first], n, values + list.n);
                list.values = values;
            }
            list.n += n;
            n_events += n;
        }
        return n_events;
    }

    void make_room(std::size_t size, Scratch& scratch) const {
        if (scratch.rows.size() < size) scratch.rows.resize(size);
        if (!plan_.plain_spikes() && scratch.row_values.size() < size)
            scratch.row_values.resize(size);
    }

    void append(const EventView& e, std::size_t add, std::size_t at, RowList& list,
                Scratch& scratch) const {
        append_rows(e.channels, e.n, add, scratch.rows.data() + at + list.n);
        list.rows = scratch.rows.data() + at;
        if (e.values != nullptr) {
            std::copy_n(e.values, e.n, scratch.row_values.data() + at + list.n);
            list.values = scratch.row_values.data() + at;
        }
        list.n += e.n;
    }

    static EventView within(const EventView& e, const ConvWeights::Range& range) {
        const std::uint16_t* from = std::lower_bound(e.channels, e.channels + e.n, range.first);
        const std::uint16_t* to = std::lower_bound(from, e.channels + e.n, range.first + range.n);
        const auto skip = static_cast<std::size_t>(from - e.channels);
        return {from, static_cast<std::size_t>(to - from),
                e.values == nullptr ? nullptr : e.values + skip};
    }

    /// What a tile's first row is called in scratch.lists.
    [[nodiscard]] static std::size_t first_of(const WeightTile& tile) {
        return tile.parts.size() == 1 ? tile.parts[0].first_channel : 0;
    }

    void add_dense(const float* rows, std::size_t first_row, std::size_t n_rows,
                   std::size_t n_steps, Scratch& scratch, float* out) const {
        for (std::size_t first = 0; first < n_steps; first += 4) {
            const std::size_t n = std::min<std::size_t>(4, n_steps - first);
            scratch.factors.assign(n_rows * n, 0.0F);
            for (std::size_t s = 0; s < n; ++s) {
                const RowList& list = scratch.lists[first + s];
                for (std::size_t k = 0; k < list.n; ++k)
                    scratch.factors[(list.rows[k] - first_row) * n + s] = 1;
            }
            add_dense_rows(rows + first_row * w_.width, n_rows, scratch.factors.data(), n, w_.width,
                           out + first * w_.width);
        }
    }

    void count_if_cheaper(const CurrentsRequest& r, const Signal& source, std::size_t block,
                          std::size_t k, Scratch& scratch, std::int32_t* sums) const {
        const Cell& cell = r.cells[k];
        const std::size_t segments = plan_.segments();
        std::vector<std::int32_t>& totals = scratch.totals;
        totals.assign(r.n_steps, 0);
        for (std::size_t tap = 0; tap < w_.taps; ++tap) {
            const std::ptrdiff_t place = w_.places[cell.place * w_.taps + tap];
            if (place < 0) continue;
            const std::uint32_t* offset =
                source.lists(cell.slot, static_cast<std::size_t>(place)).offset;
            for (std::size_t s = 0; s < r.n_steps; ++s)
                totals[s] +=
                    static_cast<std::int32_t>(offset[(s + 1) * segments] - offset[s * segments]);
        }
        const double n_events = std::accumulate(totals.begin(), totals.end(), 0.0);
        if (n_events * costs_.int8_row <=
            static_cast<double>(w_.n_words() * r.n_steps) * costs_.popcount_word)
            return;
        scratch.counted[k] = true;
        copy_bits(r, cell, source, scratch.patch);
        const PackedSpikes spikes{scratch.patch.data(), totals.data(), w_.n_words(), r.n_steps};
        for (std::size_t c = 0; c < w_.width; c += popcount_lanes)
            and_popcount(w_.plus_bits.data() + (block * w_.width + c) * w_.n_words(), spikes,
                         sums + c, w_.width);
    }

    /// The bits of a cell's window, [step][tap][words]; plain spikes of rate coding only.
    void copy_bits(const CurrentsRequest& r, const Cell& cell, const Signal& source,
                   std::vector<std::uint32_t>& patch) const {
        const std::size_t words64 = plan_.words();
        if (patch.size() < w_.n_words() * r.n_steps) patch.resize(w_.n_words() * r.n_steps);
        for (std::size_t tap = 0; tap < w_.taps; ++tap) {
            const std::ptrdiff_t place = w_.places[cell.place * w_.taps + tap];
            const std::uint64_t* bits =
                place < 0 ? nullptr : source.bits(cell.slot, static_cast<std::size_t>(place));
            std::uint32_t* to = patch.data() + tap * w_.words_per_tap;
            for (std::size_t s = 0; s < r.n_steps; ++s, to += w_.n_words())
                for (std::size_t w = 0; w < words64; ++w) {
                    const std::uint64_t word = bits == nullptr ? 0 : bits[s * words64 + w];
                    std::memcpy(to + 2 * w, &word, sizeof word);  // the low half first
                }
        }
    }

    ConvWeights w_;
    std::size_t signal_;
    const SignalPlan& plan_;
    CostModel costs_;
    WeightTile whole_;  ///< of a block that reads some inputs only
};

}  // namespace

std::unique_ptr<Currents> make_conv_currents(const Layer& layer, const Shape& in_shape,
                                             const Shape& out_shape, std::size_t signal,
                                             const SignalPlan& plan, bool with_bias,
                                             const CostModel& costs) {
    return std::make_unique<ConvCurrents>(ConvWeights(layer, in_shape, out_shape, plan, with_bias),
                                          signal, plan, costs);
}

}  // namespace ranvier
