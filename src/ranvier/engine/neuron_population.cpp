#include "ranvier/engine/neuron_population.hpp"

#include "ranvier/kernels/fire.hpp"
#include "ranvier/sim/neuron_step.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

namespace ranvier {

namespace {

/// Computes the currents of all cells, one block of channels after the other so that its weights
/// stay in the cache, and calls work(block, cell, currents of the cell, [n_steps][width]).
struct CellLoop {
    const Currents* currents;
    std::size_t n_blocks, n_places;
    int first_step;
    std::size_t n_steps;

    template <typename Work>
    void run(RunParts& parts, std::span<const std::size_t> slots, Crew& crew,
             const Work& work) const {
        constexpr std::size_t most_per_task = 1024;
        const std::size_t n_cells = slots.size() * n_places;
        std::size_t per_task = most_per_task;
        if (crew.size() > 1)
            per_task = std::clamp<std::size_t>(n_cells / (4 * crew.size()), 1, most_per_task);
        const std::size_t n_tasks = (n_cells + per_task - 1) / per_task;
        crew.for_each(n_blocks * n_tasks, [&](std::size_t task, std::size_t worker) {
            Scratch& scratch = parts.scratch[worker];
            const std::size_t first = task % n_tasks * per_task;
            scratch.cells.clear();
            for (std::size_t k = first; k < std::min(first + per_task, n_cells); ++k)
                scratch.cells.push_back({slots[k / n_places], k % n_places});
            run_cells(task / n_tasks, scratch, parts.signals, work);
        });
    }

private:
    /// As many cells together as have room for their currents beside the weights.
    [[nodiscard]] std::size_t cells_together() const {
        const std::size_t bytes = currents->in_pieces() ? 512 << 10 : 32 << 10;
        return std::max<std::size_t>(bytes / (n_steps * currents->width() * sizeof(float)), 1);
    }

    template <typename Work>
    void run_cells(std::size_t block, Scratch& scratch, const std::vector<Signal>& signals,
                   const Work& work) const {
        const std::size_t width = currents->width();
        const std::size_t size = n_steps * width;
        const std::size_t together = std::min(cells_together(), scratch.cells.size());
        scratch.currents.resize(std::max(scratch.currents.size(), together * size));
        const std::span<const Cell> all = scratch.cells;
        for (std::size_t first = 0; first < all.size(); first += together) {
            const auto cells = all.subspan(first, std::min(together, all.size() - first));
            currents->compute({cells, block * width, width, first_step, n_steps}, signals, scratch,
                              scratch.currents.data());
            for (std::size_t k = 0; k < cells.size(); ++k)
                work(block, cells[k], scratch.currents.data() + k * size);
        }
    }
};

class NeuronPopulation final : public Population {
public:
    NeuronPopulation(NeuronSettings settings, const SignalPlan& plan, std::size_t out,
                     std::unique_ptr<Currents> currents)
        : settings_(std::move(settings)),
          plan_(plan),
          out_(out),
          currents_(std::move(currents)),
          width_(currents_->width()),
          n_blocks_((plan.channels() + width_ - 1) / width_) {
        thresholds_.assign(n_blocks_ * width_, std::numeric_limits<float>::infinity());
        std::copy(settings_.thresholds.begin(), settings_.thresholds.end(), thresholds_.begin());
        const Neuron& neuron = settings_.neuron;
        if (neuron.kind == NeuronKind::integrate_fire)
            rule_ = neuron.reset == Reset::subtract ? FireRule::subtract : FireRule::zero;
        if (neuron.kind == NeuronKind::leaky_delayed) rule_ = FireRule::leaky_delayed;
        if (neuron.kind == NeuronKind::leaky_same_step)
            rule_ =
                neuron.reset == Reset::subtract ? FireRule::leaky_same_step : FireRule::leaky_zero;
        if (neuron.kind == NeuronKind::one_spike)
            for (int phase = 1; phase <= settings_.n_phases; ++phase)
                needed_.push_back(static_cast<float>(
                    one_spike_threshold(neuron.base, phase, neuron.threshold_shift)));
    }

    void allocate(PopulationState& state, std::size_t n_slots, std::size_t) const override {
        state.membrane.resize(n_slots * plan_.places() * n_blocks_ * width_);
    }

    void begin(PopulationState& state, std::size_t slot) const override {
        const std::size_t size = plan_.places() * n_blocks_ * width_;
        float* membrane = state.membrane.data() + slot * size;
        std::fill_n(membrane, size, 0.0F);
        if (!one_spike()) return;
        for (std::size_t p = 0; p < plan_.places(); ++p)
            std::copy_n(settings_.resting.data() + p * plan_.channels(), plan_.channels(),
                        membrane + p * n_blocks_ * width_);
    }

    void run(RunParts& parts, std::size_t self, std::span<const std::size_t> slots, std::size_t n,
             Crew& crew) const override {
        PopulationState& state = parts.states[self];
        Signal& out = parts.signals[out_];
        CellLoop loop{currents_.get(), n_blocks_, plan_.places(), 0, currents_->constant() ? 1 : n};
        if (one_spike()) {
            loop.first_step = settings_.first_step;
            loop.n_steps = static_cast<std::size_t>(settings_.wait_until + settings_.n_phases -
                                                    settings_.first_step + 1);
        }
        loop.run(parts, slots, crew,
                 [&](std::size_t block, const Cell& cell, const float* currents) {
                     if (one_spike())
                         run_phases(state, out, block, cell, loop.n_steps, currents);
                     else
                         run_steps(state, out, block, cell, n, currents);
                 });
    }

    void add_sources(std::vector<std::size_t>& signals) const override {
        currents_->add_sources(signals);
    }
    std::string describe() const override { return currents_->describe(); }

private:
    [[nodiscard]] bool one_spike() const { return settings_.neuron.kind == NeuronKind::one_spike; }
    [[nodiscard]] float* membrane(PopulationState& state, std::size_t block,
                                  const Cell& cell) const {
        return state.membrane.data() +
               ((cell.slot * plan_.places() + cell.place) * n_blocks_ + block) * width_;
    }

    void run_steps(PopulationState& state, Signal& out, std::size_t block, const Cell& cell,
                   std::size_t n, const float* currents) const {
        const std::size_t lead = plan_.delayed ? 1 : 0;
        const std::size_t stride = currents_->constant() ? 0 : width_;  // from step to step
        float* u = membrane(state, block, cell);
        if (settings_.neuron.kind == NeuronKind::multi_spike) {
            multi_spike(currents, stride, u, block, n,
                        out.values(cell.slot, cell.place) + lead * plan_.channels());
            return;
        }
        for_each_word(block, [&](std::size_t first, std::size_t n_here, std::size_t word) {
            fire({rule_, settings_.neuron.leak, n_here, n,
                  thresholds_.data() + block * width_ + first, currents + first, stride, u + first},
                 out.bits(cell.slot, cell.place) + lead * plan_.words() + word, plan_.words());
        });
    }

    /// A block's neurons, 64 at a time: calls visit(first, how many, word of bits).
    template <typename Visit>
    void for_each_word(std::size_t block, const Visit& visit) const {
        const std::size_t n_here = std::min<std::size_t>(width_, 64);
        for (std::size_t first = 0; first < width_; first += n_here) {
            const std::size_t word = (block * width_ + first) / 64;
            if (word < plan_.words()) visit(first, n_here, word);
        }
    }

    void multi_spike(const float* currents, std::size_t stride, float* u, std::size_t block,
                     std::size_t n, float* values) const {
        const std::size_t first = block * width_;
        const std::size_t last = std::min(first + width_, plan_.channels());
        for (std::size_t s = 0; s < n; ++s)
            for (std::size_t c = first; c < last; ++c) {
                const int spikes =
                    step_multi_spike(u[c - first], currents[s * stride + c - first],
                                     settings_.thresholds[c], settings_.neuron.lower_bound);
                values[s * plan_.channels() + c] =
                    static_cast<float>(spikes) * settings_.amplitudes[c];
            }
    }

    /// All steps of an image, from the first in which a spike can arrive to its own last phase.
    void run_phases(PopulationState& state, Signal& out, std::size_t block, const Cell& cell,
                    std::size_t n, const float* currents) const {
        float* u = membrane(state, block, cell);
        const auto n_silent =
            static_cast<std::size_t>(settings_.wait_until + 1 - settings_.first_step);
        for_each_word(block, [&](std::size_t first, std::size_t n_here, std::size_t word) {
            fire_phases({n_here, n, n_silent, thresholds_.data() + block * width_ + first,
                         needed_.data(), currents + first, width_, u + first},
                        out.bits(cell.slot, cell.place) + word, plan_.words());
        });
    }

    NeuronSettings settings_;
    const SignalPlan& plan_;
    std::size_t out_;
    std::unique_ptr<Currents> currents_;
    std::size_t width_, n_blocks_;
    FireRule rule_ = FireRule::subtract;
    std::vector<float> thresholds_;  ///< [blocks * width], infinity behind the last channel
    std::vector<float> needed_;      ///< one_spike: [phase]
};

class ValuePopulation final : public Population {
public:
    ValuePopulation(const SignalPlan& plan, std::size_t out, std::unique_ptr<Currents> currents)
        : plan_(plan), out_(out), currents_(std::move(currents)) {}

    void run(RunParts& parts, std::size_t, std::span<const std::size_t> slots, std::size_t n,
             Crew& crew) const override {
        const std::size_t width = currents_->width();
        const std::size_t n_blocks = (plan_.channels() + width - 1) / width;
        const std::size_t n_steps = plan_.constant      ? 1
                                    : plan_.n_steps > 0 ? static_cast<std::size_t>(plan_.n_steps)
                                                        : n;
        const std::size_t lead = plan_.delayed ? 1 : 0;
        Signal& out = parts.signals[out_];
        CellLoop{currents_.get(), n_blocks, plan_.places(), plan_.first, n_steps}.run(
            parts, slots, crew, [&](std::size_t block, const Cell& cell, const float* currents) {
                const std::size_t n_here = std::min(width, plan_.channels() - block * width);
                float* to =
                    out.values(cell.slot, cell.place) + lead * plan_.channels() + block * width;
                for (std::size_t s = 0; s < n_steps; ++s)
                    std::copy_n(currents + s * width, n_here, to + s * plan_.channels());
            });
    }
    void add_sources(std::vector<std::size_t>& signals) const override {
        currents_->add_sources(signals);
    }
    std::string describe() const override { return currents_->describe(); }

private:
    const SignalPlan& plan_;
    std::size_t out_;
    std::unique_ptr<Currents> currents_;
};

class OutputPopulation final : public Population {
public:
    OutputPopulation(const Shape& shape, int first_step, int n_steps, std::vector<float> resting,
                     std::unique_ptr<Currents> currents)
        : shape_(shape),
          first_step_(first_step),
          n_steps_(n_steps),
          resting_(std::move(resting)),
          currents_(std::move(currents)) {}

    void allocate(PopulationState& state, std::size_t n_slots, std::size_t chunk) const override {
        state.sums.resize(n_slots * n_out());
        state.trace.resize(n_slots * chunk * n_out());
    }
    void begin(PopulationState& state, std::size_t slot) const override {
        float* sums = state.sums.data() + slot * n_out();
        std::fill_n(sums, n_out(), 0.0F);
        std::copy(resting_.begin(), resting_.end(), sums);
    }
    void run(RunParts& parts, std::size_t self, std::span<const std::size_t> slots, std::size_t n,
             Crew& crew) const override {
        PopulationState& state = parts.states[self];
        crew.for_each(slots.size(), [&](std::size_t k, std::size_t worker) {
            add_up(parts, state, slots[k], n, parts.scratch[worker]);
        });
    }
    void add_sources(std::vector<std::size_t>& signals) const override {
        currents_->add_sources(signals);
    }
    std::string describe() const override { return currents_->describe(); }

private:
    [[nodiscard]] std::size_t n_out() const { return static_cast<std::size_t>(shape_.size()); }

    void add_up(RunParts& parts, PopulationState& state, std::size_t slot, std::size_t n,
                Scratch& scratch) const {
        const auto channels = static_cast<std::size_t>(shape_.channels);
        const auto plane = static_cast<std::size_t>(shape_.plane());
        const std::size_t width = currents_->width();
        const std::size_t n_steps = n_steps_ > 0 ? static_cast<std::size_t>(n_steps_) : n;
        float* sums = state.sums.data() + slot * n_out();
        float* trace = state.trace.data() + slot * parts.chunk * n_out();
        for (std::size_t place = 0; place < plane; ++place)
            for (std::size_t first = 0; first < channels; first += width) {
                scratch.currents.resize(std::max(scratch.currents.size(), n_steps * width));
                const Cell cell{slot, place};
                currents_->compute({{&cell, 1}, first, width, first_step_, n_steps}, parts.signals,
                                   scratch, scratch.currents.data());
                for (std::size_t s = 0; s < n_steps; ++s)
                    for (std::size_t c = first; c < std::min(first + width, channels); ++c) {
                        float& sum = sums[c * plane + place];
                        sum += scratch.currents[s * width + c - first];
                        if (n_steps_ == 0) trace[s * n_out() + c * plane + place] = sum;
                    }
            }
    }

    Shape shape_;
    int first_step_, n_steps_;
    std::vector<float> resting_;
    std::unique_ptr<Currents> currents_;
};

}  // namespace

std::unique_ptr<Population> make_neurons(NeuronSettings settings, const SignalPlan& plan,
                                         std::size_t out, std::unique_ptr<Currents> currents) {
    return std::make_unique<NeuronPopulation>(std::move(settings), plan, out, std::move(currents));
}
std::unique_ptr<Population> make_values(const SignalPlan& plan, std::size_t out,
                                        std::unique_ptr<Currents> currents) {
    return std::make_unique<ValuePopulation>(plan, out, std::move(currents));
}
std::unique_ptr<Population> make_output(const Shape& shape, int first_step, int n_steps,
                                        std::vector<float> resting,
                                        std::unique_ptr<Currents> currents) {
    return std::make_unique<OutputPopulation>(shape, first_step, n_steps, std::move(resting),
                                              std::move(currents));
}

}  // namespace ranvier
