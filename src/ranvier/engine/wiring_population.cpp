#include "ranvier/engine/wiring_population.hpp"

#include <algorithm>
#include <bit>

namespace ranvier {

namespace {

/// Indices that a signal gets in a chunk of n steps.
std::size_t n_indices(const SignalPlan& plan, std::size_t n) {
    if (plan.constant) return 1;
    return plan.n_steps > 0 ? static_cast<std::size_t>(plan.n_steps) : n;
}

class Wiring final : public Population {
public:
    Wiring(const SignalPlan& plan, std::size_t out, std::vector<WiringSource> sources)
        : plan_(plan), out_(out), sources_(std::move(sources)) {}

    void run(RunParts& parts, std::size_t, std::span<const std::size_t> slots, std::size_t n,
             Crew& crew) const override {
        crew.for_each(slots.size(), [&](std::size_t k, std::size_t) {
            Signal& out = parts.signals[out_];
            out.clear(slots[k]);
            for (const WiringSource& source : sources_)
                copy(parts.signals[source.signal], source, slots[k], n_indices(plan_, n), out);
        });
    }
    std::string describe() const override { return "wiring"; }

private:
    void copy(const Signal& from, const WiringSource& source, std::size_t slot, std::size_t n,
              Signal& out) const {
        const Shape& shape = source.shape;
        const auto out_width = static_cast<std::size_t>(plan_.shape.width);
        for (std::int64_t y = 0; y < shape.height; y += source.stride)
            for (std::int64_t x = 0; x < shape.width; x += source.stride) {
                const auto place = static_cast<std::size_t>(y * shape.width + x);
                const std::size_t to =
                    source.flatten ? 0
                                   : static_cast<std::size_t>(y / source.stride) * out_width +
                                         static_cast<std::size_t>(x / source.stride);
                for (std::size_t i = 0; i < n; ++i) {
                    const int index = index_of(from.plan(), plan_.first + static_cast<int>(i));
                    if (index < 0) continue;
                    copy_place(from, source, slot, place, static_cast<std::size_t>(index), to, i,
                               out);
                }
            }
    }

    void copy_place(const Signal& from, const WiringSource& source, std::size_t slot,
                    std::size_t place, std::size_t index, std::size_t to, std::size_t i,
                    Signal& out) const {
        const auto plane = static_cast<std::size_t>(source.shape.plane());
        const EventView e = from.events(slot, place, index);
        std::uint64_t* bits = plan_.spikes ? out.bits(slot, to) + i * plan_.words() : nullptr;
        float* values = plan_.spikes ? nullptr : out.values(slot, to) + i * plan_.channels();
        for (std::size_t k = 0; k < e.n; ++k) {
            const std::size_t c = source.flatten ? e.channels[k] * plane + place
                                                 : source.first_channel + e.channels[k];
            if (bits != nullptr)
                bits[c / 64] |= std::uint64_t{1} << c % 64;
            else
                values[c] =
                    e.values != nullptr ? e.values[k] : from.plan().amplitude[e.channels[k]];
        }
    }

    const SignalPlan& plan_;
    std::size_t out_;
    std::vector<WiringSource> sources_;
};

/// Inputs that a window spans in one direction.
std::int64_t reach(std::int64_t kernel, std::int64_t dilation) {
    return dilation * (kernel - 1) + 1;
}

class SpikePool final : public Population {
public:
    SpikePool(const SignalPlan& plan, std::size_t out, WindowGeometry geometry, MaxRule rule,
              const SignalPlan& from_plan, std::size_t from)
        : plan_(plan),
          out_(out),
          geometry_(geometry),
          rule_(rule),
          from_plan_(from_plan),
          from_(from),
          apart_(geometry.window.stride_h >=
                     reach(geometry.window.kernel_h, geometry.window.dilation_h) &&
                 geometry.window.stride_w >=
                     reach(geometry.window.kernel_w, geometry.window.dilation_w)) {}

    void allocate(PopulationState& state, std::size_t n_slots, std::size_t) const override {
        if (rule_ == MaxRule::current_step) return;
        state.arrived.resize(n_slots * from_plan_.places() * plan_.channels());
        state.passed.resize(n_slots * plan_.places() * plan_.channels());
    }
    void begin(PopulationState& state, std::size_t slot) const override {
        if (rule_ == MaxRule::current_step) return;
        const std::size_t n_in = from_plan_.places() * plan_.channels();
        const std::size_t n_out = plan_.places() * plan_.channels();
        std::fill_n(state.arrived.data() + slot * n_in, n_in, 0U);
        std::fill_n(state.passed.data() + slot * n_out, n_out, 0U);
    }
    void run(RunParts& parts, std::size_t self, std::span<const std::size_t> slots, std::size_t n,
             Crew& crew) const override {
        crew.for_each(slots.size(), [&](std::size_t k, std::size_t) {
            const std::size_t lead = plan_.delayed ? 1 : 0;
            const std::size_t indices = n_indices(plan_, n);
            if (rule_ == MaxRule::running_count)
                count_steps(parts, parts.states[self], slots[k], indices, lead);
            else
                or_steps(parts, slots[k], indices, lead);
        });
    }
    std::string describe() const override {
        return rule_ == MaxRule::current_step ? "OR of words" : "spike counts";
    }

private:
    /// Whatever spikes in a window; the words of a place's steps lie side by side.
    void or_steps(RunParts& parts, std::size_t slot, std::size_t n, std::size_t lead) const {
        const Signal& from = parts.signals[from_];
        const std::size_t n_words = n * plan_.words();
        for (std::size_t p = 0; p < plan_.places(); ++p) {
            std::uint64_t* bits = parts.signals[out_].bits(slot, p) + lead * plan_.words();
            std::fill_n(bits, n_words, std::uint64_t{0});
            for_each_window_tap(geometry_, p, [&](std::size_t place, std::size_t) {
                const std::uint64_t* source = from.bits(slot, place);
                for (std::size_t w = 0; w < n_words; ++w) bits[w] |= source[w];
            });
        }
    }

    /// An input whose count outgrows all that its window has passed lets one more spike pass. At
    /// the end of a step the window has passed as many as its busiest input sent, so one is enough.
    struct Counts {
        std::uint32_t* arrived;  ///< [place of the input][channels]
        std::uint32_t* passed;   ///< [place][channels]
    };
    void count_events(const EventView& e, std::size_t from, std::size_t window,
                      const Counts& counts, std::uint64_t* bits) const {
        std::uint32_t* arrived = counts.arrived + from * plan_.channels();
        std::uint32_t* passed = counts.passed + window * plan_.channels();
        for (std::size_t k = 0; k < e.n; ++k) {
            const std::size_t c = e.channels[k];
            if (arrived[c] <= passed[c]) continue;
            ++passed[c];
            bits[c / 64] |= std::uint64_t{1} << c % 64;
        }
    }

    /// Step by step within a window where windows do not overlap, so that its counts stay in the
    /// cache; else within the whole layer.
    void count_steps(RunParts& parts, PopulationState& state, std::size_t slot, std::size_t n,
                     std::size_t lead) const {
        const Signal& from = parts.signals[from_];
        Signal& out = parts.signals[out_];
        const std::size_t channels = plan_.channels();
        const Counts counts{state.arrived.data() + slot * from_plan_.places() * channels,
                            state.passed.data() + slot * plan_.places() * channels};
        const auto arrive = [&](std::size_t place, std::size_t index) {
            const EventView e = from.events(slot, place, index);
            for (std::size_t k = 0; k < e.n; ++k)
                ++counts.arrived[place * channels + e.channels[k]];
        };
        const auto pass = [&](std::size_t p, std::size_t index) {
            std::uint64_t* bits = out.bits(slot, p) + (index + lead) * plan_.words();
            std::fill_n(bits, plan_.words(), std::uint64_t{0});
            for_each_window_tap(geometry_, p, [&](std::size_t place, std::size_t) {
                count_events(from.events(slot, place, index), place, p, counts, bits);
            });
        };
        if (apart_) {
            for (std::size_t p = 0; p < plan_.places(); ++p)
                for (std::size_t index = 0; index < n; ++index) {
                    for_each_window_tap(geometry_, p, [&](std::size_t place, std::size_t) {
                        arrive(place, index);
                    });
                    pass(p, index);
                }
            return;
        }
        for (std::size_t index = 0; index < n; ++index) {
            for (std::size_t place = 0; place < from_plan_.places(); ++place) arrive(place, index);
            for (std::size_t p = 0; p < plan_.places(); ++p) pass(p, index);
        }
    }

    const SignalPlan& plan_;
    std::size_t out_;
    WindowGeometry geometry_;
    MaxRule rule_;
    const SignalPlan& from_plan_;
    std::size_t from_;
    bool apart_;  ///< no input lies in two windows
};

}  // namespace

std::unique_ptr<Population> make_wiring(const SignalPlan& plan, std::size_t out,
                                        std::vector<WiringSource> sources) {
    return std::make_unique<Wiring>(plan, out, std::move(sources));
}
std::unique_ptr<Population> make_spike_pool(const SignalPlan& plan, std::size_t out,
                                            WindowGeometry geometry, MaxRule rule,
                                            const SignalPlan& from_plan, std::size_t from) {
    return std::make_unique<SpikePool>(plan, out, geometry, rule, from_plan, from);
}

}  // namespace ranvier
