#include "ranvier/engine/pool_currents.hpp"
#include "ranvier/kernels/rows.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace ranvier {

namespace {

/// A buffer for currents within currents, given back at the end of the scope.
class Nested {
public:
    Nested(Scratch& scratch, std::size_t size) : scratch_(scratch) {
        if (scratch.nested.size() <= scratch.depth) scratch.nested.resize(scratch.depth + 1);
        index_ = scratch.depth++;
        if (scratch.nested[index_].size() < size) scratch.nested[index_].resize(size);
    }
    ~Nested() { --scratch_.depth; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;
    /// Valid until the next Nested is made.
    [[nodiscard]] float* data() { return scratch_.nested[index_].data(); }

private:
    Scratch& scratch_;
    std::size_t index_;
};

class DirectCurrents final : public Currents {
public:
    DirectCurrents(std::size_t signal, const SignalPlan& plan)
        : signal_(signal),
          spikes_(plan.spikes),
          constant_(plan.constant),
          width_(row_width(plan.channels())) {}

    std::size_t width() const override { return width_; }
    bool in_pieces() const override { return false; }
    bool constant() const override { return constant_; }

    void compute(const CurrentsRequest& r, const std::vector<Signal>& signals, Scratch&,
                 float* out) const override {
        const Signal& source = signals[signal_];
        std::fill_n(out, r.cells.size() * r.n_steps * r.width, 0.0F);
        for (const Cell& cell : r.cells)
            for (std::size_t s = 0; s < r.n_steps; ++s, out += r.width) {
                const int index = index_of(source.plan(), r.first + static_cast<int>(s));
                if (index >= 0) copy(source, cell, static_cast<std::size_t>(index), r, out);
            }
    }
    void add_sources(std::vector<std::size_t>& signals) const override {
        if (spikes_) signals.push_back(signal_);
    }
    std::string describe() const override { return "direct"; }

private:
    static void copy(const Signal& source, const Cell& cell, std::size_t index,
                     const CurrentsRequest& r, float* to) {
        const SignalPlan& plan = source.plan();
        const std::size_t last = std::min(r.first_channel + r.width, plan.channels());
        if (!plan.spikes) {
            const float* from = source.values(cell.slot, cell.place) + index * plan.channels();
            std::copy(from + r.first_channel, from + last, to);
            return;
        }
        const EventView e = source.events(cell.slot, cell.place, index);
        for (std::size_t k = 0; k < e.n; ++k) {
            const std::size_t c = e.channels[k];
            if (c >= r.first_channel && c < last)
                to[c - r.first_channel] = e.values != nullptr ? e.values[k] : plan.amplitude[c];
        }
    }

    std::size_t signal_;
    bool spikes_, constant_;
    std::size_t width_;
};

class Sum final : public Currents {
public:
    explicit Sum(std::vector<std::unique_ptr<Currents>> terms) : terms_(std::move(terms)) {}

    std::size_t width() const override { return terms_.front()->width(); }
    bool in_pieces() const override {
        return std::any_of(terms_.begin(), terms_.end(),
                           [](const auto& term) { return term->in_pieces(); });
    }

    void compute(const CurrentsRequest& r, const std::vector<Signal>& signals, Scratch& scratch,
                 float* out) const override {
        const std::size_t size = r.cells.size() * r.n_steps * r.width;
        std::fill_n(out, size, 0.0F);
        Nested term(scratch, size);
        for (const auto& t : terms_) {
            t->compute(r, signals, scratch, term.data());
            const float* from = term.data();
            for (std::size_t i = 0; i < size; ++i) out[i] += from[i];
        }
    }
    void add_sources(std::vector<std::size_t>& signals) const override {
        for (const auto& t : terms_) t->add_sources(signals);
    }
    std::string describe() const override {
        std::string text;
        for (const auto& t : terms_)
            text = fmt::format("{}{}{}", text, text.empty() ? "" : " + ", t->describe());
        return text;
    }

private:
    std::vector<std::unique_ptr<Currents>> terms_;
};

class PoolCurrents final : public Currents {
public:
    PoolCurrents(PoolGeometry geometry, std::unique_ptr<Currents> from)
        : geometry_(std::move(geometry)), from_(std::move(from)) {}

    std::size_t width() const override { return from_->width(); }
    bool in_pieces() const override { return from_->in_pieces(); }

    void compute(const CurrentsRequest& r, const std::vector<Signal>& signals, Scratch& scratch,
                 float* out) const override {
        const std::size_t size = r.n_steps * r.width;
        std::fill_n(out, r.cells.size() * size, 0.0F);
        // The windows' inputs of all cells, one behind the other.
        if (scratch.nested_cells.size() <= scratch.depth)
            scratch.nested_cells.resize(scratch.depth + 1);
        std::vector<Cell>& inputs = scratch.nested_cells[scratch.depth];
        inputs.clear();
        for (const Cell& cell : r.cells)
            for_each_window_tap(geometry_.window, cell.place, [&](std::size_t place, std::size_t) {
                inputs.push_back({cell.slot, place});
            });
        CurrentsRequest there = r;
        there.cells = inputs;
        Nested all(scratch, inputs.size() * size);
        from_->compute(there, signals, scratch, all.data());
        const float* from = all.data();
        for (const Cell& cell : r.cells) {
            const float factor = geometry_.factors[cell.place];
            for_each_window_tap(geometry_.window, cell.place, [&](std::size_t, std::size_t) {
                for (std::size_t i = 0; i < size; ++i) out[i] += from[i] * factor;
                from += size;
            });
            out += size;
        }
    }
    void add_sources(std::vector<std::size_t>& signals) const override {
        from_->add_sources(signals);
    }
    std::string describe() const override {
        return fmt::format("average of {}", from_->describe());
    }

private:
    PoolGeometry geometry_;
    std::unique_ptr<Currents> from_;
};

}  // namespace

std::unique_ptr<Currents> make_direct_currents(std::size_t signal, const SignalPlan& plan) {
    return std::make_unique<DirectCurrents>(signal, plan);
}
std::unique_ptr<Currents> make_sum(std::vector<std::unique_ptr<Currents>> terms) {
    return std::make_unique<Sum>(std::move(terms));
}
std::unique_ptr<Currents> make_pool(PoolGeometry geometry, std::unique_ptr<Currents> from) {
    return std::make_unique<PoolCurrents>(std::move(geometry), std::move(from));
}

}  // namespace ranvier
