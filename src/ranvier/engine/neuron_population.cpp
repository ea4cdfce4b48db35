#include "ranvier/engine/neuron_population.hpp"

#include "ranvier/kernels/fire.hpp"
#include "ranvier/sim/neuron_step.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

namespace ranvier {

namespace {

/// Calls work(block, slot, place, scratch) for all of them, one block after the other so that its
/// weights stay in the cache.
template <typename Work>
void for_each_cell(RunParts& parts, std::size_t n_blocks, std::span<const std::size_t> slots,
                   std::size_t n_places, Crew& crew, const Work& work) {
    const std::size_t n_cells = slots.size() * n_places;
    const std::size_t per_task =
        crew.size() == 1 ? n_cells : std::max<std::size_t>(1, n_cells / (4 * crew.size()));
    const std::size_t n_tasks = (n_cells + per_task - 1) / per_task;
    crew.for_each(n_blocks * n_tasks, [&](std::size_t task, std::size_t worker) {
        const std::size_t first = task % n_tasks * per_task;
        const std::size_t last = std::min(first + per_task, n_cells);
        for (std::size_t cell = first; cell < last; ++cell)
            work(task / n_tasks, slots[cell / n_places], cell % n_places, parts.scratch[worker]);
    });
}

class NeuronPopulation final : public Population {
public:
    NeuronPopulation(NeuronSettings settings, const SignalPlan& plan, std::size_t out,
                     std::unique_ptr<Currents> currents)
        : settings_(std::move(settings)),
          plan_(plan),
          out_(out),
          currents_(std::move(currents)),
          width_(row_width(plan.channels())),
          n_blocks_((plan.channels() + width_ - 1) / width_) {
        thresholds_.assign(n_blocks_ * width_, std::numeric_limits<float>::infinity());
        std::copy(settings_.thresholds.begin(), settings_.thresholds.end(), thresholds_.begin());
        const Neuron& neuron = settings_.neuron;
        if (neuron.kind == NeuronKind::integrate_fire)
            rule_ = neuron.reset == Reset::subtract ? FireRule::subtract : FireRule::zero;
        if (neuron.kind == NeuronKind::leaky_delayed) rule_ = FireRule::leaky_delayed;
        if (neuron.kind == NeuronKind::leaky_same_step) rule_ = FireRule::leaky_same_step;
        if (neuron.kind == NeuronKind::one_spike)
            for (int phase = 1; phase <= settings_.n_phases; ++phase)
                needed_.push_back(static_cast<float>(
                    one_spike_threshold(neuron.base, phase, neuron.threshold_shift)));
    }

    void allocate(PopulationState& state, std::size_t n_slots, std::size_t) const override {
        state.membrane.resize(n_slots * plan_.places() * n_blocks_ * width_);
        if (one_spike()) state.fired.resize(n_slots * plan_.places() * plan_.words());
    }

    void begin(PopulationState& state, std::size_t slot) const override {
        const std::size_t size = plan_.places() * n_blocks_ * width_;
        float* membrane = state.membrane.data() + slot * size;
        std::fill_n(membrane, size, 0.0F);
        if (!one_spike()) return;
        for (std::size_t p = 0; p < plan_.places(); ++p)
            std::copy_n(settings_.resting.data() + p * plan_.channels(), plan_.channels(),
                        membrane + p * n_blocks_ * width_);
        const std::size_t n_words = plan_.places() * plan_.words();
        std::fill_n(state.fired.data() + slot * n_words, n_words, std::uint64_t{0});
    }

    void run(RunParts& parts, std::size_t self, std::span<const std::size_t> slots, std::size_t n,
             Crew& crew) const override {
        PopulationState& state = parts.states[self];
        Signal& out = parts.signals[out_];
        for_each_cell(
            parts, n_blocks_, slots, plan_.places(), crew,
            [&](std::size_t block, std::size_t slot, std::size_t place, Scratch& scratch) {
                if (one_spike())
                    run_phases(parts.signals, state, out, block, slot, place, scratch);
                else
                    run_steps(parts.signals, state, out, block, slot, place, n, scratch);
            });
    }

    void add_sources(std::vector<std::size_t>& signals) const override {
        currents_->add_sources(signals);
    }
    std::string describe() const override { return currents_->describe(); }

private:
    [[nodiscard]] bool one_spike() const { return settings_.neuron.kind == NeuronKind::one_spike; }
    [[nodiscard]] float* membrane(PopulationState& state, std::size_t block, std::size_t slot,
                                  std::size_t place) const {
        return state.membrane.data() +
               ((slot * plan_.places() + place) * n_blocks_ + block) * width_;
    }

    void run_steps(const std::vector<Signal>& signals, PopulationState& state, Signal& out,
                   std::size_t block, std::size_t slot, std::size_t place, std::size_t n,
                   Scratch& scratch) const {
        scratch.currents.resize(std::max(scratch.currents.size(), n * width_));
        currents_->compute({slot, place, block * width_, width_, 0, n}, signals, scratch,
                           scratch.currents.data());
        const std::size_t lead = plan_.delayed ? 1 : 0;
        if (settings_.neuron.kind == NeuronKind::multi_spike) {
            multi_spike(scratch.currents.data(), membrane(state, block, slot, place), block, n,
                        out.values(slot, place) + lead * plan_.channels());
            return;
        }
        fire({rule_, settings_.neuron.leak, width_, n, thresholds_.data() + block * width_,
              scratch.currents.data(), membrane(state, block, slot, place)},
             out.bits(slot, place) + lead * plan_.words() + block, plan_.words());
    }

    void multi_spike(const float* currents, float* u, std::size_t block, std::size_t n,
                     float* values) const {
        const std::size_t first = block * width_;
        const std::size_t last = std::min(first + width_, plan_.channels());
        for (std::size_t s = 0; s < n; ++s)
            for (std::size_t c = first; c < last; ++c) {
                const int spikes =
                    step_multi_spike(u[c - first], currents[s * width_ + c - first],
                                     settings_.thresholds[c], settings_.neuron.lower_bound);
                values[s * plan_.channels() + c] =
                    static_cast<float>(spikes) * settings_.amplitudes[c];
            }
    }

    /// All steps of an image, from the first in which a spike can arrive to its own last phase.
    void run_phases(const std::vector<Signal>& signals, PopulationState& state, Signal& out,
                    std::size_t block, std::size_t slot, std::size_t place,
                    Scratch& scratch) const {
        const int first = settings_.first_step;
        const auto n =
            static_cast<std::size_t>(settings_.wait_until + settings_.n_phases - first + 1);
        scratch.currents.resize(std::max(scratch.currents.size(), n * width_));
        currents_->compute({slot, place, block * width_, width_, first, n}, signals, scratch,
                           scratch.currents.data());
        float* u = membrane(state, block, slot, place);
        std::uint64_t& fired = state.fired[(slot * plan_.places() + place) * plan_.words() + block];
        for (std::size_t s = 0; s < n; ++s) {
            const float* current = scratch.currents.data() + s * width_;
            for (std::size_t c = 0; c < width_; ++c) u[c] += current[c];
            const int phase = first + static_cast<int>(s) - settings_.wait_until;
            if (phase < 1) continue;
            const auto index = static_cast<std::size_t>(phase - 1);
            out.bits(slot, place)[index * plan_.words() + block] =
                fire_phase(u, thresholds_.data() + block * width_, needed_[index], width_, fired);
        }
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
        const std::size_t width = row_width(plan_.channels());
        const std::size_t n_blocks = (plan_.channels() + width - 1) / width;
        const std::size_t n_steps = plan_.constant      ? 1
                                    : plan_.n_steps > 0 ? static_cast<std::size_t>(plan_.n_steps)
                                                        : n;
        const std::size_t lead = plan_.delayed ? 1 : 0;
        Signal& out = parts.signals[out_];
        for_each_cell(
            parts, n_blocks, slots, plan_.places(), crew,
            [&](std::size_t block, std::size_t slot, std::size_t place, Scratch& scratch) {
                scratch.currents.resize(std::max(scratch.currents.size(), n_steps * width));
                currents_->compute({slot, place, block * width, width, plan_.first, n_steps},
                                   parts.signals, scratch, scratch.currents.data());
                const std::size_t n_here = std::min(width, plan_.channels() - block * width);
                float* to = out.values(slot, place) + lead * plan_.channels() + block * width;
                for (std::size_t s = 0; s < n_steps; ++s)
                    std::copy_n(scratch.currents.data() + s * width, n_here,
                                to + s * plan_.channels());
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
        const std::size_t width = row_width(channels);
        const std::size_t n_steps = n_steps_ > 0 ? static_cast<std::size_t>(n_steps_) : n;
        float* sums = state.sums.data() + slot * n_out();
        float* trace = state.trace.data() + slot * parts.chunk * n_out();
        for (std::size_t place = 0; place < plane; ++place)
            for (std::size_t first = 0; first < channels; first += width) {
                scratch.currents.resize(std::max(scratch.currents.size(), n_steps * width));
                currents_->compute({slot, place, first, width, first_step_, n_steps}, parts.signals,
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
