#include "ranvier/engine/conv_currents.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/kernels/popcount.hpp"
#include "ranvier/net/integral_weights.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <fmt/format.h>
#include <span>

namespace ranvier {

namespace {

/// Weights of one layer as [n_out][taps][n_in / groups] with its geometry; a linear layer is a
/// convolution at one place.
struct ConvView {
    WindowGeometry geometry;
    std::int64_t groups = 1;
    const Tensor* weight = nullptr;
    const Tensor* bias = nullptr;

    ConvView(const Layer& layer, const Shape& in, const Shape& out) : geometry{{}, in, out} {
        if (const auto* conv = layer.as<Convolution>()) {
            geometry.window = conv->window;
            groups = conv->groups;
            weight = &conv->weight;
            bias = &conv->bias;
        } else {
            const auto& linear = std::get<Linear>(layer.operation);
            weight = &linear.weight;
            bias = &linear.bias;
        }
    }
    [[nodiscard]] std::size_t n_out() const { return static_cast<std::size_t>(weight->dims[0]); }
    [[nodiscard]] std::size_t n_in() const {
        return static_cast<std::size_t>(geometry.in.channels);
    }
    [[nodiscard]] std::size_t taps() const {
        return static_cast<std::size_t>(geometry.window.kernel_h * geometry.window.kernel_w);
    }
    /// Index into the weight tensor, or -1 if output and input are of different groups.
    [[nodiscard]] std::ptrdiff_t at(std::size_t o, std::size_t tap, std::size_t i) const {
        const auto n_groups = static_cast<std::size_t>(groups);
        const std::size_t per_group = n_in() / n_groups;
        if (i / per_group != o / (n_out() / n_groups)) return -1;
        return static_cast<std::ptrdiff_t>((o * per_group + i % per_group) * taps() + tap);
    }
};

/// Rows of weights for blocks of outputs: [block][tap][inputs of the block][width].
template <typename T>
struct BlockedRows {
    std::size_t width = 0;
    std::vector<std::vector<T>> blocks;
};

/// The inputs that a block of outputs has: all, or those of its groups.
struct InputRange {
    std::size_t first = 0, n = 0;
};

class ConvCurrents final : public Currents {
public:
    ConvCurrents(const Layer& layer, const Shape& in, const Shape& out, std::size_t signal,
                 const SignalPlan& plan, bool with_bias, const CostModel& costs)
        : view_(layer, in, out), signal_(signal), costs_(costs) {
        width_ = row_width(view_.n_out());
        const std::size_t n_blocks = (view_.n_out() + width_ - 1) / width_;
        if (view_.taps() * view_.n_in() > 1U << 16)
            fail(Fault::unsupported,
                 "layer '{}': a neuron has {} inputs; the fast engine takes at most 65536; use the "
                 "reference engine",
                 layer.name, view_.taps() * view_.n_in());
        for (std::size_t b = 0; b < n_blocks; ++b) ranges_.push_back(inputs_of(b));
        bias_.assign(n_blocks * width_, 0.0F);
        if (with_bias && !view_.bias->empty())
            std::copy(view_.bias->values.begin(), view_.bias->values.end(), bias_.begin());
        auto integral = integral_weights(layer);
        const bool unit =
            plan.plain_spikes() && std::all_of(plan.amplitude.begin(), plan.amplitude.end(),
                                               [](float a) { return a == 1; });
        if (integral) {
            scale_.assign(n_blocks * width_, 0.0F);
            std::copy(integral->scale.begin(), integral->scale.end(), scale_.begin());
        }
        if (integral && unit)
            take_integers(*integral);
        else if (integral)
            take_floats(plan,
                        [&](std::size_t at) { return static_cast<float>(integral->integers[at]); });
        else
            take_floats(plan, [&](std::size_t at) { return view_.weight->values[at]; });
        describe_ = !integers_ ? "float rows" : binary_ ? "popcount or int8 rows" : "int8 rows";
        dense_ = !integers_ && plan.plain_spikes() && view_.groups == 1;
        if (dense_) describe_ = "float rows or dense";
    }

    void compute(const CurrentsRequest& r, const std::vector<Signal>& signals, Scratch& scratch,
                 float* out) const override {
        const Signal& source = signals[signal_];
        const std::size_t block = r.first_channel / width_;
        const std::size_t n_events = gather_rows(r, source, ranges_[block], scratch);
        if (integers_)
            compute_integers(r, source, block, n_events, scratch, out);
        else
            compute_floats(r, block, n_events, scratch, out);
    }
    void add_sources(std::vector<std::size_t>& signals) const override {
        signals.push_back(signal_);
    }
    std::string describe() const override { return describe_; }

private:
    [[nodiscard]] InputRange inputs_of(std::size_t block) const {
        if (view_.groups == 1) return {0, view_.n_in()};
        const auto groups = static_cast<std::size_t>(view_.groups);
        const std::size_t out_per_group = view_.n_out() / groups;
        const std::size_t in_per_group = view_.n_in() / groups;
        const std::size_t last_out = std::min((block + 1) * width_, view_.n_out()) - 1;
        const std::size_t first = block * width_ / out_per_group;
        const std::size_t last = last_out / out_per_group;
        return {first * in_per_group, (last - first + 1) * in_per_group};
    }

    /// Calls set(row, column, weight index) for all weights of a block.
    template <typename Set>
    void for_each_weight(std::size_t block, Set&& set) const {
        const InputRange range = ranges_[block];
        for (std::size_t tap = 0; tap < view_.taps(); ++tap)
            for (std::size_t i = 0; i < range.n; ++i)
                for (std::size_t c = 0; c < width_ && block * width_ + c < view_.n_out(); ++c) {
                    const auto at = view_.at(block * width_ + c, tap, range.first + i);
                    if (at >= 0) set(tap * range.n + i, c, static_cast<std::size_t>(at));
                }
    }

    template <typename Weight>
    void take_floats(const SignalPlan& plan, const Weight& weight) {
        for (std::size_t b = 0; b < ranges_.size(); ++b) {
            auto& rows = rows_.emplace_back(view_.taps() * ranges_[b].n * width_);
            for_each_weight(b, [&](std::size_t row, std::size_t c, std::size_t at) {
                const std::size_t input = ranges_[b].first + row % ranges_[b].n;
                const float worth = plan.plain_spikes() ? plan.amplitude[input] : 1.0F;
                rows[row * width_ + c] = worth * weight(at);
            });
        }
    }

    void take_integers(const IntegralWeights& weights) {
        integers_ = true;
        binary_ = weights.binary && view_.groups == 1;
        for (const std::int8_t w : weights.integers)
            largest_ = std::max(largest_, std::abs(static_cast<int>(w)));
        for (std::size_t b = 0; b < ranges_.size(); ++b) {
            auto& rows = int8_rows_.emplace_back(view_.taps() * ranges_[b].n * width_);
            for_each_weight(b, [&](std::size_t row, std::size_t c, std::size_t at) {
                rows[row * width_ + c] = weights.integers[at];
            });
        }
        if (binary_) pack_bits(weights);
    }

    /// [n_out / 16][tap][words][16], a bit for each weight that is +1.
    void pack_bits(const IntegralWeights& weights) {
        words_per_tap_ = (view_.n_in() + 63) / 64 * 2;
        const std::size_t n_words = view_.taps() * words_per_tap_;
        plus_bits_.assign(ranges_.size() * width_ * n_words, 0);
        for (std::size_t o = 0; o < view_.n_out(); ++o)
            for (std::size_t tap = 0; tap < view_.taps(); ++tap)
                for (std::size_t i = 0; i < view_.n_in(); ++i) {
                    if (weights.integers[static_cast<std::size_t>(view_.at(o, tap, i))] < 0)
                        continue;
                    const std::size_t word = tap * words_per_tap_ + i / 32;
                    plus_bits_[(o / popcount_lanes * n_words + word) * popcount_lanes +
                               o % popcount_lanes] |= 1U << i % 32;
                }
    }

    /// Fills scratch.lists with the rows of each step, in the order of taps and channels.
    /// @return how many there are in all.
    std::size_t gather_rows(const CurrentsRequest& r, const Signal& source, const InputRange& range,
                            Scratch& scratch) const {
        const SignalPlan& plan = source.plan();
        const bool valued = !plan.plain_spikes();
        const std::size_t capacity = view_.taps() * range.n + 32;
        if (scratch.rows.size() < r.n_steps * capacity) scratch.rows.resize(r.n_steps * capacity);
        if (valued && scratch.row_values.size() < r.n_steps * capacity)
            scratch.row_values.resize(r.n_steps * capacity);
        scratch.n_rows.assign(r.n_steps, 0);
        const bool all = range.n == view_.n_in();
        for_each_window_tap(view_.geometry, r.place, [&](std::size_t place, std::size_t tap) {
            const Signal::PlaceLists lists = source.lists(r.slot, place);
            const auto base = static_cast<std::uint16_t>(tap * range.n);
            for (std::size_t s = 0; s < r.n_steps; ++s) {
                const int index = index_of(plan, r.first + static_cast<int>(s));
                if (index < 0) continue;
                const std::uint32_t from = lists.offset[index];
                std::size_t n = lists.offset[index + 1] - from;
                if (n == 0) continue;
                const std::uint16_t* channels = lists.channels + from;
                const float* values = valued ? lists.values + from : nullptr;
                std::size_t skip = 0;
                if (!all) {
                    skip = static_cast<std::size_t>(
                        std::lower_bound(channels, channels + n, range.first) - channels);
                    n = static_cast<std::size_t>(
                            std::lower_bound(channels + skip, channels + n, range.first + range.n) -
                            channels) -
                        skip;
                }
                append(channels + skip, n,
                       static_cast<std::uint16_t>(base - static_cast<std::uint16_t>(range.first)),
                       scratch.rows.data() + s * capacity + scratch.n_rows[s]);
                if (valued)
                    std::copy_n(values + skip, n,
                                scratch.row_values.data() + s * capacity + scratch.n_rows[s]);
                scratch.n_rows[s] += n;
            }
        });
        scratch.lists.clear();
        std::size_t n_events = 0;
        for (std::size_t s = 0; s < r.n_steps; ++s) {
            scratch.lists.push_back({scratch.rows.data() + s * capacity, scratch.n_rows[s],
                                     valued ? scratch.row_values.data() + s * capacity : nullptr});
            n_events += scratch.n_rows[s];
        }
        return n_events;
    }

    /// Copies sixteen at a time; both sides have room behind their end.
    static void append(const std::uint16_t* from, std::size_t n, std::uint16_t add,
                       std::uint16_t* to) {
        for (std::size_t k = 0; k < n; k += 16)
            for (std::size_t j = 0; j < 16; ++j)
                to[k + j] = static_cast<std::uint16_t>(from[k + j] + add);
    }

    void compute_floats(const CurrentsRequest& r, std::size_t block, std::size_t n_events,
                        Scratch& scratch, float* out) const {
        const float* bias = bias_.data() + block * width_;
        for (std::size_t s = 0; s < r.n_steps; ++s)
            if (scale_.empty())
                std::copy_n(bias, width_, out + s * width_);
            else
                std::fill_n(out + s * width_, width_, 0.0F);
        if (n_events > 0) add_events(r, block, n_events, scratch, out);
        if (scale_.empty()) return;
        const float* scale = scale_.data() + block * width_;
        for (std::size_t s = 0; s < r.n_steps; ++s)
            for (std::size_t c = 0; c < width_; ++c)
                out[s * width_ + c] = out[s * width_ + c] * scale[c] + bias[c];
    }

    void add_events(const CurrentsRequest& r, std::size_t block, std::size_t n_events,
                    Scratch& scratch, float* out) const {
        const auto inputs = static_cast<double>(view_.taps() * view_.n_in() * r.n_steps);
        if (dense_ && r.n_steps >= 4 &&
            static_cast<double>(n_events) * costs_.float_row > inputs * costs_.dense_row)
            return compute_dense(r, block, scratch, out);
        add_rows(rows_[block].data(), width_, scratch.lists, out);
    }

    void compute_dense(const CurrentsRequest& r, std::size_t block, Scratch& scratch,
                       float* out) const {
        const std::size_t n_rows = view_.taps() * view_.n_in();
        for (std::size_t first = 0; first < r.n_steps; first += 4) {
            const std::size_t n = std::min<std::size_t>(4, r.n_steps - first);
            scratch.factors.assign(n_rows * n, 0.0F);
            for (std::size_t s = 0; s < n; ++s) {
                const RowList& list = scratch.lists[first + s];
                for (std::size_t k = 0; k < list.n; ++k) scratch.factors[list.rows[k] * n + s] = 1;
            }
            add_dense_rows(rows_[block].data(), n_rows, scratch.factors.data(), n, width_,
                           out + first * width_);
        }
    }

    void compute_integers(const CurrentsRequest& r, const Signal& source, std::size_t block,
                          std::size_t n_events, Scratch& scratch, float* out) const {
        const std::size_t n_words = view_.taps() * words_per_tap_;
        scratch.sums.resize(std::max(scratch.sums.size(), r.n_steps * width_));
        if (binary_ && static_cast<double>(n_events) * costs_.int8_row >
                           static_cast<double>(n_words * r.n_steps) * costs_.popcount_word)
            count_bits(r, source, block, scratch);
        else
            sum_rows(int8_rows_[block].data(), width_, largest_, scratch.lists,
                     scratch.sums.data());
        const float* scale = scale_.data() + block * width_;
        const float* bias = bias_.data() + block * width_;
        for (std::size_t s = 0; s < r.n_steps; ++s)
            for (std::size_t c = 0; c < width_; ++c)
                out[s * width_ + c] =
                    static_cast<float>(scratch.sums[s * width_ + c]) * scale[c] + bias[c];
    }

    /// sum of +-1 over the inputs that spike = 2 * those with +1 - all.
    void count_bits(const CurrentsRequest& r, const Signal& source, std::size_t block,
                    Scratch& scratch) const {
        const std::size_t n_words = view_.taps() * words_per_tap_;
        const std::size_t words64 = source.plan().words();
        scratch.patch.assign(n_words * r.n_steps, 0);
        for_each_window_tap(view_.geometry, r.place, [&](std::size_t place, std::size_t tap) {
            const std::uint64_t* bits = source.bits(r.slot, place);
            for (std::size_t s = 0; s < r.n_steps; ++s) {
                const int index = index_of(source.plan(), r.first + static_cast<int>(s));
                if (index < 0) continue;
                std::uint32_t* to = scratch.patch.data() + s * n_words + tap * words_per_tap_;
                for (std::size_t w = 0; w < words64; ++w) {
                    const std::uint64_t word = bits[static_cast<std::size_t>(index) * words64 + w];
                    to[2 * w] = static_cast<std::uint32_t>(word);
                    to[2 * w + 1] = static_cast<std::uint32_t>(word >> 32);
                }
            }
        });
        for (std::size_t c = 0; c < width_; c += popcount_lanes)
            and_popcount(plus_bits_.data() + (block * width_ + c) * n_words, scratch.patch.data(),
                         n_words, r.n_steps, scratch.sums.data() + c, width_);
        for (std::size_t s = 0; s < r.n_steps; ++s) {
            const auto all = static_cast<std::int32_t>(scratch.lists[s].n);
            for (std::size_t c = 0; c < width_; ++c) {
                std::int32_t& sum = scratch.sums[s * width_ + c];
                sum = 2 * sum - all;
            }
        }
    }

    ConvView view_;
    std::size_t signal_;
    CostModel costs_;
    std::size_t width_ = 0;
    std::vector<InputRange> ranges_;                   ///< [block]
    std::vector<std::vector<float>> rows_;             ///< [block] float weights
    std::vector<std::vector<std::int8_t>> int8_rows_;  ///< [block] integral weights
    std::vector<std::uint32_t> plus_bits_;
    std::vector<float> bias_;   ///< [blocks * width]
    std::vector<float> scale_;  ///< the same, of integral weights; else empty
    std::size_t words_per_tap_ = 0;
    int largest_ = 0;
    bool integers_ = false, binary_ = false, dense_ = false;
    std::string describe_;
};

}  // namespace

std::unique_ptr<Currents> make_conv_currents(const Layer& layer, const Shape& in_shape,
                                             const Shape& out_shape, std::size_t signal,
                                             const SignalPlan& plan, bool with_bias,
                                             const CostModel& costs) {
    return std::make_unique<ConvCurrents>(layer, in_shape, out_shape, signal, plan, with_bias,
                                          costs);
}

}  // namespace ranvier
