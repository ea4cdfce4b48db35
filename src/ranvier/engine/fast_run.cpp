#include "ranvier/engine/fast_run.hpp"

#include "ranvier/kernels/fire.hpp"
#include "ranvier/sim/phase_input.hpp"
#include "ranvier/sim/synapses.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <utility>

namespace ranvier {

FastRun::FastRun(const FastPlan& plan, std::size_t n_slots, std::size_t chunk, Crew& crew)
    : plan_(plan),
      crew_(crew),
      n_out_(static_cast<std::size_t>(plan.reference().shapes.back().size())),
      output_(plan.populations().size() - 1) {
    parts_.n_slots = n_slots;
    parts_.chunk = chunk;
    for (const auto& signal : plan.signals())
        parts_.signals.emplace_back(*signal, n_slots, static_cast<int>(chunk));
    parts_.states.resize(plan.populations().size());
    for (std::size_t p = 0; p < parts_.states.size(); ++p)
        plan.populations()[p]->allocate(parts_.states[p], n_slots, chunk);
    parts_.scratch.resize(crew.size());
    seconds_.resize(parts_.states.size());
    if (poisson()) poisson_.resize(n_slots);
    counts_.resize(plan.network().layers.size());
    earlier_counts_.resize(counts_.size());
    for (std::size_t l = 0; l < counts_.size(); ++l) {
        if (!plan.reference().spikes[l]) continue;
        const SignalPlan& signal = *plan.signals()[static_cast<std::size_t>(plan.signal_of(l))];
        counts_[l].resize(signal.places() * signal.words() * 64);
        earlier_counts_[l].resize(counts_[l].size());
    }
}

void FastRun::begin(std::size_t slot, std::span<const float> image, const PoissonDraw& draw) {
    if (poisson()) poisson_[slot].draw = draw;
    for (Signal& signal : parts_.signals) signal.clear(slot);
    for (std::size_t p = 0; p < parts_.states.size(); ++p)
        plan_.populations()[p]->begin(parts_.states[p], slot);
    set_frame(slot, image);
}

void FastRun::set_frame(std::size_t slot, std::span<const float> frame) {
    Signal& signal = parts_.signals[0];
    const SignalPlan& plan = signal.plan();
    const std::size_t channels = plan.channels();
    const std::size_t plane = plan.places();
    const Input& input = plan_.network().input();
    if (plan_.phase_coded()) {
        const PixelEncoder encoder(plan_.network().timing);
        for (std::size_t p = 0; p < plane; ++p)
            for (std::size_t c = 0; c < channels; ++c) {
                const std::uint32_t code = encoder.encode(frame[c * plane + p]);
                for (int phase = 1; phase <= plan.n_steps; ++phase)
                    if (encoder.fires(code, phase))
                        signal.bits(
                            slot, p)[static_cast<std::size_t>(phase - 1) * plan.words() + c / 64] |=
                            std::uint64_t{1} << c % 64;
            }
    } else if (poisson()) {
        std::vector<float>& pixels = poisson_[slot].pixels;
        pixels.resize(frame.size());
        for (std::size_t i = 0; i < frame.size(); ++i) {
            const float mean = input.mean.empty() ? 0.0F : input.mean[i / plane];
            const float scale = input.std.empty() ? 1.0F : 1.0F / input.std[i / plane];
            pixels[i] = (frame[i] - mean) * scale;
        }
    } else {
        // Delayed: index 0 is the step before, in which there was nothing (or the last frame).
        for (std::size_t p = 0; p < plane; ++p)
            for (std::size_t i = plan.delayed ? 1 : 0; i < signal.capacity(); ++i)
                for (std::size_t c = 0; c < channels; ++c) {
                    const float mean = input.mean.empty() ? 0.0F : input.mean[c];
                    const float scale = input.std.empty() ? 1.0F : 1.0F / input.std[c];
                    signal.values(slot, p)[i * channels + c] =
                        (frame[c * plane + p] - mean) * scale;
                }
    }
    const std::size_t slots[] = {slot};
    if (plan.constant) {
        signal.list_events(slot, 1);
        run_populations(true, slots, 1);
    }
}

/// The next n steps of the input.
void FastRun::draw_input(std::size_t slot, std::size_t n) {
    Signal& signal = parts_.signals[0];
    const SignalPlan& plan = signal.plan();
    const std::size_t lead = plan.delayed ? 1 : 0;
    PoissonState& state = poisson_[slot];
    std::vector<float> spikes(state.pixels.size());
    for (std::size_t s = 0; s < n; ++s, ++state.draw.step) {
        draw_poisson(state.draw, plan_.network().timing.input_rate, state.pixels, spikes);
        for (std::size_t p = 0; p < plan.places(); ++p)
            for (std::size_t c = 0; c < plan.channels(); ++c)
                signal.values(slot, p)[(lead + s) * plan.channels() + c] =
                    spikes[c * plan.places() + p];
    }
}

void FastRun::list_events(std::size_t s, std::span<const std::size_t> slots, std::size_t n) {
    if (!plan_.lists_events(s)) return;
    Signal& signal = parts_.signals[s];
    const SignalPlan& plan = signal.plan();
    const std::size_t indices = plan.constant      ? 1
                                : plan.n_steps > 0 ? static_cast<std::size_t>(plan.n_steps)
                                                   : n;
    crew_.for_each(slots.size(),
                   [&](std::size_t k, std::size_t) { signal.list_events(slots[k], indices); });
}

void FastRun::run_populations(bool constant, std::span<const std::size_t> slots, std::size_t n) {
    for (std::size_t p = 0; p < parts_.states.size(); ++p) {
        const int signal = plan_.signal_of(plan_.layer_of(p));
        const bool is_constant =
            signal >= 0 && plan_.signals()[static_cast<std::size_t>(signal)]->constant;
        if (is_constant != constant) continue;
        const auto start = std::chrono::steady_clock::now();
        plan_.populations()[p]->run(parts_, p, slots, n, crew_);
        if (signal >= 0) list_events(static_cast<std::size_t>(signal), slots, n);
        seconds_[p] +=
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
}

void FastRun::advance(std::span<const std::size_t> slots, std::size_t n) {
    if (poisson())
        crew_.for_each(slots.size(), [&](std::size_t k, std::size_t) { draw_input(slots[k], n); });
    if (!parts_.signals[0].plan().constant) list_events(0, slots, n);
    run_populations(false, slots, n);
    for (Signal& signal : parts_.signals)
        for (const std::size_t slot : slots)
            if (signal.plan().delayed) signal.carry_last(slot, n);
}

std::span<const float> FastRun::logits(std::size_t slot, std::size_t step) const {
    const PopulationState& state = parts_.states[output_];
    if (plan_.phase_coded()) return {state.sums.data() + slot * n_out_, n_out_};
    return {state.trace.data() + (slot * parts_.chunk + step) * n_out_, n_out_};
}

void FastRun::count(std::size_t slot, std::size_t n) {
    steps_counted_ += n;
    if (steps_counted_ > 4096) {
        move_counts();
        steps_counted_ = n;
    }
    crew_.for_each(counts_.size(), [&](std::size_t l, std::size_t) {
        if (counts_[l].empty()) return;
        const Signal& signal = parts_.signals[static_cast<std::size_t>(plan_.signal_of(l))];
        const SignalPlan& plan = signal.plan();
        const std::size_t lead = plan.delayed ? 1 : 0;
        const std::size_t steps = plan.n_steps > 0 ? static_cast<std::size_t>(plan.n_steps) : n;
        for (std::size_t p = 0; p < plan.places(); ++p) {
            std::uint32_t* counts = counts_[l].data() + p * plan.words() * 64;
            if (plan.spikes) {
                count_spikes(signal.bits(slot, p) + lead * plan.words(), plan.words(), steps,
                             plan.words(), counts);
                continue;
            }
            const float* values = signal.values(slot, p) + lead * plan.channels();
            for (std::size_t i = 0; i < steps; ++i)
                for (std::size_t c = 0; c < plan.channels(); ++c)
                    counts[c] += static_cast<std::uint32_t>(
                        std::lround(std::abs(values[i * plan.channels() + c]) / plan.amplitude[c]));
        }
    });
}

namespace {

/// Spikes of one place in one index of a signal.
std::uint64_t spikes_at(const Signal& signal, std::size_t slot, std::size_t place,
                        std::size_t index) {
    const SignalPlan& plan = signal.plan();
    std::uint64_t n = 0;
    if (plan.spikes) {
        const std::uint64_t* bits = signal.bits(slot, place) + index * plan.words();
        for (std::size_t w = 0; w < plan.words(); ++w)
            n += static_cast<std::uint64_t>(std::popcount(bits[w]));
        return n;
    }
    const float* values = signal.values(slot, place) + index * plan.channels();
    for (std::size_t c = 0; c < plan.channels(); ++c)
        if (values[c] != 0)
            n += static_cast<std::uint64_t>(std::lround(std::abs(values[c]) / plan.amplitude[c]));
    return n;
}

}  // namespace

std::uint64_t FastRun::cost(std::size_t slot, std::size_t step, const SpikeCosts& costs) const {
    std::uint64_t sum = 0;
    for (std::size_t l = 0; l < costs.size(); ++l) {
        if (costs[l].empty() || !plan_.reference().spikes[l]) continue;
        const Signal& signal = parts_.signals[static_cast<std::size_t>(plan_.signal_of(l))];
        const std::size_t index = step + (signal.plan().delayed ? 1 : 0);
        for (std::size_t p = 0; p < signal.plan().places(); ++p)
            sum += costs[l][p] * spikes_at(signal, slot, p, index);
    }
    return sum;
}

std::vector<std::vector<std::uint64_t>> FastRun::spike_counts() const {
    std::vector<std::vector<std::uint64_t>> result(counts_.size());
    for (std::size_t l = 0; l < counts_.size(); ++l) {
        if (counts_[l].empty()) continue;
        const SignalPlan& plan = *plan_.signals()[static_cast<std::size_t>(plan_.signal_of(l))];
        result[l].resize(plan.places() * plan.channels());
        for (std::size_t p = 0; p < plan.places(); ++p)
            for (std::size_t c = 0; c < plan.channels(); ++c)
                result[l][c * plan.places() + p] = earlier_counts_[l][p * plan.words() * 64 + c] +
                                                   counts_[l][p * plan.words() * 64 + c];
    }
    return result;
}

void FastRun::move_counts() {
    for (std::size_t l = 0; l < counts_.size(); ++l)
        for (std::size_t i = 0; i < counts_[l].size(); ++i)
            earlier_counts_[l][i] += std::exchange(counts_[l][i], 0U);
}

void FastRun::clear_counts() {
    for (auto& counts : counts_) std::fill(counts.begin(), counts.end(), 0U);
    for (auto& counts : earlier_counts_) std::fill(counts.begin(), counts.end(), std::uint64_t{0});
    steps_counted_ = 0;
}

}  // namespace ranvier
