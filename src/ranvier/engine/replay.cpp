#include "ranvier/engine/replay.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/base/timed_frames.hpp"
#include "ranvier/engine/stream.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

namespace ranvier {

bool input_is_sparse(const Network& network) {
    const auto& mean = network.input().mean;
    return std::all_of(mean.begin(), mean.end(), [](float value) { return value == 0; });
}

void count_events(std::span<const TimedSample::Value> events, std::vector<std::uint64_t>& counts) {
    for (const TimedSample::Value& event : events) ++counts[event.place];
}

namespace {

/// Adds `more` to `sums`, layer by layer.
void add_counts(const SpikeCounts& more, SpikeCounts& sums) {
    for (std::size_t l = 0; l < more.size(); ++l)
        for (std::size_t i = 0; i < more[l].size(); ++i) sums[l][i] += more[l][i];
}

/// One more at place i, which is made if it is not there.
void bump(std::vector<std::uint64_t>& counts, std::size_t i) {
    if (i >= counts.size()) counts.resize(i + 1);
    ++counts[i];
}

/// What one thread's samples did.
struct Results {
    std::vector<std::uint64_t> right_at;   ///< [step] samples that ran on and were right
    std::vector<std::uint64_t> exits;      ///< [step] samples that were done then
    std::vector<std::uint64_t> right_end;  ///< [step] of them, those that were right
    std::vector<std::uint64_t> cost_at;    ///< [step] of the spikes, with spike costs
    SpikeCounts spikes;
};

class Replayer {
public:
    Replayer(const std::shared_ptr<const FastPlan>& plan, const Samples& samples,
             const SimulationOptions& options, Tensor& logits)
        : samples_(samples),
          options_(options),
          logits_(logits),
          stream_(plan, {.n_threads = 1}),
          sparse_(input_is_sparse(plan->network())) {
        results_.spikes = stream_.spike_counts();
        if (sparse_) results_.spikes[0].resize(n_values());
    }

    void run(std::size_t index) {
        TimedFrames frames(samples_.read_timed(index), n_values());
        const auto label = static_cast<std::size_t>(samples_.label(index));
        const std::size_t n_steps =
            options_.steps > 0 ? static_cast<std::size_t>(options_.steps) : frames.steps();
        stream_.reset();
        n_events_ = 0;
        for (std::size_t t = 0; t < n_steps; ++t) {
            bool same = false;
            const std::span<const float> frame = frames.next(same);
            if (same)
                stream_.step();
            else
                stream_.step(frame);
            if (options_.spike_costs != nullptr) add_cost(t, frames.shown());
            const bool right = stream_.prediction() == label;
            const bool done = t + 1 == n_steps || exits(options_.exit, stream_.logits());
            if (right) bump(done ? results_.right_end : results_.right_at, t);
            if (!done) continue;
            bump(results_.exits, t);
            break;
        }
        add_counts(stream_.spike_counts(), results_.spikes);
        if (sparse_) count_events(frames.shown(), results_.spikes[0]);
        keep_logits(index);
    }

    [[nodiscard]] const Results& results() const { return results_; }

private:
    [[nodiscard]] std::size_t n_values() const {
        return static_cast<std::size_t>(stream_.frame_shape().size());
    }
    /// Of step t. @param shown  all events so far.
    void add_cost(std::size_t t, std::span<const TimedSample::Value> shown) {
        const SpikeCosts& costs = *options_.spike_costs;
        std::uint64_t sum = stream_.last_step_cost(costs);
        const std::vector<std::uint32_t>& input = costs[0];
        if (sparse_ && !input.empty())
            for (const TimedSample::Value& event : shown.subspan(n_events_))
                sum += input[event.place % input.size()];
        n_events_ = shown.size();
        if (t >= results_.cost_at.size()) results_.cost_at.resize(t + 1);
        results_.cost_at[t] += sum;
    }
    void keep_logits(std::size_t index) const {
        const std::span<const float> sums = stream_.logits();
        if (!logits_.empty())
            std::copy(sums.begin(), sums.end(),
                      logits_.values.begin() + static_cast<std::ptrdiff_t>(index * sums.size()));
    }

    const Samples& samples_;
    const SimulationOptions& options_;
    Tensor& logits_;
    Stream stream_;
    bool sparse_;
    std::size_t n_events_ = 0;  ///< of the present sample, whose costs are counted
    Results results_;
};

/// A decision that is final counts for all later steps too.
void merge(const Results& part, SimulationResult& result) {
    result.correct_after.resize(std::max(result.correct_after.size(), part.exits.size()));
    result.exits_after.resize(result.correct_after.size());
    for (std::size_t t = 0; t < part.right_at.size(); ++t)
        result.correct_after[t] += part.right_at[t];
    for (std::size_t t = 0; t < part.exits.size(); ++t) result.exits_after[t] += part.exits[t];
    result.cost_at.resize(std::max(result.cost_at.size(), part.cost_at.size()));
    for (std::size_t t = 0; t < part.cost_at.size(); ++t) result.cost_at[t] += part.cost_at[t];
    add_counts(part.spikes, result.spikes);
}

void require_recordings(const Network& network, const Samples& samples) {
    if (!samples.timed())
        fail(Fault::usage,
             "replay: {} holds no event recordings; leave out --replay, or use nmnist, events:DIR, "
             "mnist-dvs:DIR or moving-digits",
             samples.describe());
    if (network.timing.input == InputCoding::poisson)
        fail(
            Fault::usage,
            "replay: the network makes random spikes of its input (poisson), and events are spikes "
            "already; convert without input = \"poisson\"");
    if (samples.shape() != network.input().shape)
        fail(Fault::bad_input, "replay: {} has frames of {}, but the network takes {}",
             samples.describe(), to_string(samples.shape()), to_string(network.input().shape));
}

}  // namespace

SimulationResult replay_events(const Network& network, const Samples& samples,
                               const SimulationOptions& options, Progress& progress) {
    require_recordings(network, samples);
    const auto plan = std::make_shared<const FastPlan>(network);
    const auto n_threads = static_cast<std::size_t>(thread_count(options.n_threads));
    SimulationResult result;
    result.samples = samples.size();
    if (options.keep_logits)
        result.logits = Tensor(
            {static_cast<std::int64_t>(samples.size()), plan->reference().shapes.back().size()});
    const auto began = std::chrono::steady_clock::now();
    progress.start("replay", "recordings", samples.size());
    std::vector<std::unique_ptr<Replayer>> workers(n_threads);
    parallel_for(samples.size(), options.n_threads, [&](std::size_t i, std::size_t worker) {
        auto& replayer = workers[worker];
        if (replayer == nullptr)
            replayer = std::make_unique<Replayer>(plan, samples, options, result.logits);
        replayer->run(i);
        progress.advance(1);
    });
    progress.finish();

    std::vector<std::uint64_t> right_end;
    for (const auto& worker : workers) {
        if (worker == nullptr) continue;
        const Results& part = worker->results();
        if (result.spikes.empty()) {
            result.spikes = part.spikes;
            for (auto& counts : result.spikes) std::fill(counts.begin(), counts.end(), 0);
        }
        merge(part, result);
        right_end.resize(result.correct_after.size());
        for (std::size_t t = 0; t < part.right_end.size(); ++t) right_end[t] += part.right_end[t];
    }
    std::uint64_t final = 0;
    for (std::size_t t = 0; t < result.correct_after.size(); ++t)
        result.correct_after[t] += final += right_end[t];
    result.steps = static_cast<int>(result.correct_after.size());
    result.latency = result.steps;
    result.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    return result;
}

}  // namespace ranvier
