#include "ranvier/engine/stream.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/engine/fast_run.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

namespace ranvier {

namespace {

/// The run counts in 32 bits; its counts are moved to 64 bits so often that even neurons that
/// spike a million times in a step do not overflow them.

/// Longer than what one thread does alone between two layers, shorter than a pause between frames.
/// frames.
constexpr std::chrono::microseconds patience{50};

std::uint64_t most_steps(const Network& network) {
    for (const Layer& layer : network.layers)
        if (const auto* pool = layer.as<MaxPool>();
            pool != nullptr && pool->rule == MaxRule::running_count)
            return std::numeric_limits<std::uint32_t>::max();
    return std::numeric_limits<std::uint64_t>::max();
}

void require_rate_coded(const FastPlan& plan) {
    if (plan.phase_coded())
        fail(Fault::unsupported,
             "stream: this network is phase-coded: its neurons must know in which phase of one "
             "image's window they are, so frames cannot follow each other step by step; convert "
             "with --coding rate");
}

}  // namespace

class Stream::Impl {
public:
    Impl(std::shared_ptr<const FastPlan> plan_in, const StreamOptions& options)
        : plan((require_rate_coded(*plan_in), std::move(plan_in))),
          crew(static_cast<std::size_t>(thread_count(options.n_threads)), patience),
          run(*plan, 1, 1, crew),
          count_spikes(options.count_spikes),
          max_steps(most_steps(plan->network())) {
        reset();
    }

    void reset() {
        const Shape& shape = plan->network().input().shape;
        run.begin(0, std::vector<float>(static_cast<std::size_t>(shape.size())));
        run.clear_counts();
        logits.assign(static_cast<std::size_t>(plan->reference().shapes.back().size()), 0.0F);
        steps = 0;
        last_step_us = 0;
    }

    /// @param frame  null: the last one again.
    void step(const std::span<const float>* frame) {
        if (steps == max_steps)
            fail(Fault::unsupported,
                 "stream: max pools have counted spikes for {} steps and can count no further; "
                 "reset the stream",
                 steps);
        const auto begin = std::chrono::steady_clock::now();
        if (frame != nullptr) {
            require_fitting(*frame);
            run.set_frame(0, *frame);
        }
        const std::size_t slots[] = {0};
        run.advance(slots, 1);
        const std::span<const float> sums = run.logits(0, 0);
        std::copy(sums.begin(), sums.end(), logits.begin());
        last_step_us =
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin)
                .count();
        ++steps;
        if (count_spikes) run.count(0, 1);
    }

    void require_fitting(std::span<const float> frame) const {
        const Shape& shape = plan->network().input().shape;
        if (frame.size() != static_cast<std::size_t>(shape.size()))
            fail(Fault::bad_input,
                 "stream: frame {} has {} values, but the network wants {} = {}; resize or crop "
                 "frames before",
                 steps, frame.size(), to_string(shape), shape.size());
        const auto bad = std::find_if(frame.begin(), frame.end(),
                                      [](float value) { return !std::isfinite(value); });
        if (bad != frame.end())
            fail(Fault::bad_input,
                 "stream: frame {} has the value {} at index {}; values must be finite", steps,
                 *bad, bad - frame.begin());
    }

    std::shared_ptr<const FastPlan> plan;
    Crew crew;
    FastRun run;
    bool count_spikes;
    std::uint64_t max_steps;
    std::vector<float> logits;
    std::uint64_t steps = 0;
    double last_step_us = 0;
};

Stream::Stream(const Network& network, const StreamOptions& options)
    : Stream(std::make_shared<const FastPlan>(network), options) {}
Stream::Stream(std::shared_ptr<const FastPlan> plan, const StreamOptions& options)
    : impl_(std::make_unique<Impl>(std::move(plan), options)) {}
Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;

const Shape& Stream::frame_shape() const noexcept {
    return impl_->plan->network().input().shape;
}
void Stream::reset() {
    impl_->reset();
}
void Stream::step(std::span<const float> frame) {
    impl_->step(&frame);
}
void Stream::step() {
    impl_->step(nullptr);
}
std::span<const float> Stream::logits() const noexcept {
    return impl_->logits;
}
std::size_t Stream::prediction() const noexcept {
    const auto& logits = impl_->logits;
    return static_cast<std::size_t>(std::max_element(logits.begin(), logits.end()) -
                                    logits.begin());
}
std::uint64_t Stream::steps() const noexcept {
    return impl_->steps;
}
double Stream::last_step_us() const noexcept {
    return impl_->last_step_us;
}
SpikeCounts Stream::spike_counts() const {
    return impl_->run.spike_counts();
}
std::uint64_t Stream::last_step_cost(const SpikeCosts& costs) const {
    return impl_->steps == 0 ? 0 : impl_->run.cost(0, 0, costs);
}

}  // namespace ranvier
