#include "ranvier/engine/conv_currents.hpp"

#include "ranvier/engine/conv_weights.hpp"
#include "ranvier/engine/row_gather.hpp"
#include "ranvier/kernels/bit_rows.hpp"
#include "ranvier/kernels/integer_rows.hpp"
#include "ranvier/kernels/popcount.hpp"
#include "ranvier/kernels/rows.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <numeric>

namespace ranvier {

namespace {

static_assert(std::endian::native == std::endian::little, "words of spikes are copied in halves");

class ConvCurrents final : public Currents {
public:
    ConvCurrents(ConvWeights weights, std::size_t signal, const SignalPlan& plan,
                 const CostModel& costs)
        : w_(std::move(weights)),
          signal_(signal),
          plan_(plan),
          costs_(costs),
          gather_(w_, plan),
          zeros_(w_.width) {}

    std::size_t width() const override { return w_.width; }
    bool in_pieces() const override { return w_.tiles.size() > 1; }
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
        return fmt::format("{}, {} outputs at a time", kernels(), std::min(w_.width, w_.n_out));
    }

private:
    [[nodiscard]] std::string kernels() const {
        if (!w_.plus_bits.empty())
            return fmt::format("events of {} weights, AND-popcount from {:.0f} % of spikes on",
                               w_.bit_rows.empty() ? "int8" : "1-bit", 100 * popcount_from());
        if (w_.floats.empty()) return "events of int8 weights";
        if (!plan_.plain_spikes()) return "float values";
        return fmt::format("events of float weights, dense from {:.0f} % of spikes on",
                           std::min(100.0, 100 * costs_.dense_row / costs_.float_row));
    }

    /// Nanoseconds of a block's outputs through some steps, by events and by words of bits.
    [[nodiscard]] double events_cost(double n_events, double n_steps) const {
        const double n_words = static_cast<double>(w_.width) / 64;
        const double row = w_.bit_rows.empty() ? n_words * costs_.int8_row : costs_.bit_row;
        return n_events * row + n_steps * static_cast<double>(w_.taps) * costs_.list;
    }
    [[nodiscard]] double popcount_cost(double n_steps) const {
        const double per_64 =
            static_cast<double>(w_.n_words()) * costs_.popcount_word + costs_.popcount_start;
        return n_steps * (per_64 * static_cast<double>(w_.width) / 64 +
                          static_cast<double>(w_.taps) * costs_.list);
    }
    /// Share of inputs that must spike for words of bits to be cheaper than events.
    [[nodiscard]] double popcount_from() const {
        const double left = popcount_cost(1) - events_cost(0, 1);
        const double all = events_cost(static_cast<double>(w_.taps * w_.n_in), 1);
        return std::clamp(left / (all - events_cost(0, 1)), 0.0, 1.0);
    }

    void compute_floats(const CurrentsRequest& r, const Signal& source, std::size_t block,
                        Scratch& scratch, float* out) const {
        const float* bias = w_.bias.data() + block * w_.width;
        const float* start = w_.scale.empty() ? bias : zeros_.data();
        const std::size_t size = r.n_steps * w_.width;
        for (const WeightTile& tile : w_.tiles) {
            const float* rows = w_.floats[block].data() + base_row(tile) * w_.width;
            for (std::size_t k = 0; k < r.cells.size(); ++k) {
                const RowLists lists = gather_.lists(r, r.cells[k], source, tile, block, scratch);
                if (dense_is_cheaper(lists, tile))
                    add_dense(rows, lists, tile, start, scratch, out + k * size);
                else
                    add_rows(rows, w_.width, lists, start, out + k * size);
            }
            start = nullptr;
        }
        if (w_.scale.empty()) return;
        const float* scale = w_.scale.data() + block * w_.width;
        for (std::size_t k = 0; k < r.cells.size() * r.n_steps; ++k, out += w_.width)
            for (std::size_t c = 0; c < w_.width; ++c) out[c] = out[c] * scale[c] + bias[c];
    }

    void compute_integers(const CurrentsRequest& r, const Signal& source, std::size_t block,
                          Scratch& scratch, float* out) const {
        const std::size_t size = r.n_steps * w_.width;
        scratch.counted.assign(r.cells.size(), false);
        for (std::size_t k = 0; k < r.cells.size() && !w_.plus_bits.empty(); ++k)
            count_if_cheaper(r, source, block, k, scratch, out + k * size);
        const std::size_t n_partial = in_pieces() ? r.cells.size() * size : 0;
        if (scratch.sums.size() < n_partial) scratch.sums.resize(n_partial);
        for (const WeightTile& tile : w_.tiles)
            for (std::size_t k = 0; k < r.cells.size(); ++k) {
                if (scratch.counted[k]) continue;
                RowSums sums = scaling(block);
                if (&tile != &w_.tiles.front()) sums.start = scratch.sums.data() + k * size;
                if (&tile == &w_.tiles.back())
                    sums.scaled = out + k * size;
                else
                    sums.sums = scratch.sums.data() + k * size;
                const RowLists lists = gather_.lists(r, r.cells[k], source, tile, block, scratch);
                const std::size_t first = base_row(tile) * w_.width;
                if (!w_.bit_rows.empty())
                    sum_bit_rows(w_.bit_rows[block].data(), w_.width, lists, sums.scale, sums.bias,
                                 sums.scaled);
                else
                    sum_rows(w_.integers[block].data() + first, w_.width, w_.largest, lists, sums);
            }
    }

    [[nodiscard]] RowSums scaling(std::size_t block) const {
        RowSums sums;
        sums.scale = w_.scale.data() + block * w_.width;
        sums.bias = w_.bias.data() + block * w_.width;
        return sums;
    }

    /// The row that number 0 in a tile's lists means.
    [[nodiscard]] static std::size_t base_row(const WeightTile& tile) {
        return tile.first_row - RowGather::first_row(tile);
    }

    [[nodiscard]] bool dense_is_cheaper(const RowLists& lists, const WeightTile& tile) const {
        if (!plan_.plain_spikes() || tile.n_rows == 0 || lists.n < 4) return false;
        return static_cast<double>(lists.n_events()) * costs_.float_row >
               static_cast<double>(tile.n_rows * lists.n) * costs_.dense_row;
    }

    void add_dense(const float* rows, const RowLists& lists, const WeightTile& tile,
                   const float* start, Scratch& scratch, float* out) const {
        const std::size_t first_row = RowGather::first_row(tile);
        for (std::size_t s = 0; s < lists.n && start != nullptr; ++s)
            std::copy_n(start, w_.width, out + s * w_.width);
        for (std::size_t first = 0; first < lists.n; first += 4) {
            const std::size_t n = std::min<std::size_t>(4, lists.n - first);
            scratch.factors.assign(tile.n_rows * n, 0.0F);
            for (std::size_t s = 0; s < n; ++s) {
                const RowLists::List list = lists[first + s];
                for (std::size_t k = 0; k < list.n; ++k)
                    scratch.factors[(list.rows[k] - first_row) * n + s] = 1;
            }
            add_dense_rows(rows + first_row * w_.width, tile.n_rows, scratch.factors.data(), n,
                           w_.width, out + first * w_.width);
        }
    }

    void count_if_cheaper(const CurrentsRequest& r, const Signal& source, std::size_t block,
                          std::size_t k, Scratch& scratch, float* out) const {
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
        const auto n_steps = static_cast<double>(r.n_steps);
        if (events_cost(n_events, n_steps) <= popcount_cost(n_steps)) return;
        scratch.counted[k] = true;
        copy_bits(r, cell, source, scratch.patch);
        if (scratch.counts.size() < r.n_steps * w_.width)
            scratch.counts.resize(r.n_steps * w_.width);
        const PackedSpikes spikes{scratch.patch.data(), totals.data(), w_.n_words(), r.n_steps};
        for (std::size_t c = 0; c < w_.width; c += popcount_lanes)
            and_popcount(w_.plus_bits.data() + (block * w_.width + c) * w_.n_words(), spikes,
                         scratch.counts.data() + c, w_.width);
        const RowSums sums = scaling(block);
        scale_sums(scratch.counts.data(), sums.scale, sums.bias, w_.width, r.n_steps, out);
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
    RowGather gather_;
    AlignedVector<float> zeros_;  ///< [width]
};

}  // namespace

std::unique_ptr<Currents> make_conv_currents(const Layer& layer, const Shape& in_shape,
                                             const Shape& out_shape, std::size_t signal,
                                             const SignalPlan& plan, bool with_bias,
                                             std::size_t widest, const CostModel& costs) {
    return std::make_unique<ConvCurrents>(
        ConvWeights(layer, in_shape, out_shape, plan, with_bias, widest), signal, plan, costs);
}

}  // namespace ranvier
