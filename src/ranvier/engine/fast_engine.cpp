#include "ranvier/engine/fast_engine.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/engine/fast_run.hpp"
#include "ranvier/sim/float_engine.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>

namespace ranvier {

namespace {

/// Samples together in one run: as many as share the cache with the weights.
std::size_t slots_for(const FastPlan& plan, std::size_t chunk, std::size_t n_samples,
                      std::size_t n_runs) {
    constexpr std::size_t memory = std::size_t{12} << 20;
    const std::size_t fit = memory / std::max<std::size_t>(1, plan.bytes_per_sample(chunk));
    return std::clamp<std::size_t>(std::min(fit, (n_samples + n_runs - 1) / n_runs), 1, 32);
}

/// What one run adds to the result.
struct Results {
    std::vector<std::uint64_t> correct_after, exits_after, cost_at;
    SpikeCounts spikes;
    Tensor* logits;  ///< of the whole result; empty if not wanted; each run writes its own samples
};

/// One worker's samples: takes the next sample whenever a slot is free.
class SampleLoop {
public:
    SampleLoop(const Samples& samples, const SimulationOptions& options, int n_steps,
               std::atomic<std::size_t>& next, Progress& progress)
        : samples_(samples),
          options_(options),
          n_steps_(n_steps),
          next_(next),
          progress_(progress),
          image_(static_cast<std::size_t>(samples.shape().size())) {}

    void run(FastRun& run, std::size_t n_slots, std::size_t chunk, Results& results) {
        slots_.assign(n_slots, {});
        for (std::size_t slot = 0; slot < n_slots; ++slot) refill(run, slot);
        while (true) {
            std::vector<std::size_t> active;
            int longest = 0;
            for (std::size_t slot = 0; slot < n_slots; ++slot)
                if (slots_[slot].busy) {
                    active.push_back(slot);
                    longest = std::max(longest, n_steps_ - slots_[slot].step);
                }
            if (active.empty()) break;
            const std::size_t n = std::min(useful_steps(chunk), static_cast<std::size_t>(longest));
            run.advance(active, n);
            for (const std::size_t slot : active) follow(run, slot, n, results);
        }
        results.spikes = run.spike_counts();
        run.clear_counts();
    }

private:
    struct Slot {
        bool busy = false;
        std::size_t sample = 0;
        int step = 0;  ///< steps done
    };

    /// Samples that exit in the middle of a chunk have its rest computed in vain: where they exit
    /// early, chunks are short, so that this is about an eighth of their steps at most.
    [[nodiscard]] std::size_t useful_steps(std::size_t chunk) const {
        if (options_.exit.kind == ExitRule::Kind::none || n_done_ == 0) return chunk;
        return std::clamp<std::size_t>(steps_done_ / (4 * n_done_), 1, chunk);
    }

    void refill(FastRun& run, std::size_t slot) {
        const std::size_t sample = next_++;
        slots_[slot] = {sample < samples_.size(), sample, 0};
        if (!slots_[slot].busy) return;
        samples_.read(sample, image_);
        run.begin(slot, image_, {options_.seed, options_.first_sample + sample, 0});
    }

    /// Reads the output after each step of the chunk.
    void follow(FastRun& run, std::size_t slot, std::size_t n, Results& results) {
        Slot& state = slots_[slot];
        const int label = samples_.label(state.sample);
        for (std::size_t s = 0; s < n; ++s) {
            const std::span<const float> logits = run.logits(slot, s);
            ++state.step;
            const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
            const bool last = state.step == n_steps_;
            const bool done = last || exits(options_.exit, logits);
            const auto t = static_cast<std::size_t>(state.step - 1);
            if (!results.cost_at.empty())
                results.cost_at[t] += run.cost(slot, s, *options_.spike_costs);
            // A decision that is final counts for all later steps too.
            const std::size_t end = done ? results.correct_after.size() : t + 1;
            if (best == label)
                for (std::size_t k = t; k < end; ++k) ++results.correct_after[k];
            if (!done) continue;
            if (options_.exit.kind != ExitRule::Kind::none) ++results.exits_after[t];
            keep_logits(logits, state.sample, *results.logits);
            run.count(slot, s + 1);
            ++n_done_;
            steps_done_ += t + 1;
            progress_.advance(1);
            refill(run, slot);
            return;
        }
        run.count(slot, n);
    }

    void keep_logits(std::span<const float> logits, std::size_t sample, Tensor& all) const {
        if (all.empty()) return;
        std::copy(logits.begin(), logits.end(),
                  all.values.begin() + static_cast<std::ptrdiff_t>(sample * logits.size()));
    }

    const Samples& samples_;
    const SimulationOptions& options_;
    int n_steps_;
    std::atomic<std::size_t>& next_;
    Progress& progress_;
    std::vector<float> image_;
    std::vector<Slot> slots_;
    std::size_t n_done_ = 0, steps_done_ = 0;  ///< samples and their steps
};

/// What one run needs: some threads and memory for some samples.
struct Station {
    Station(const FastPlan& plan, std::size_t slots, std::size_t steps, std::size_t threads)
        : n_slots(slots), chunk(steps), crew(threads), run(plan, slots, steps, crew) {}
    std::size_t n_slots, chunk;
    Crew crew;
    FastRun run;
};

/// Stations that are not in use, so that many short runs need not make them anew.
class Stations {
public:
    [[nodiscard]] std::unique_ptr<Station> take(const FastPlan& plan, std::size_t n_slots,
                                                std::size_t chunk, std::size_t n_threads) {
        {
            const std::lock_guard lock(mutex_);
            while (!idle_.empty()) {
                std::unique_ptr<Station> last = std::move(idle_.back());
                idle_.pop_back();
                if (last->n_slots == n_slots && last->chunk == chunk &&
                    last->crew.size() == n_threads)
                    return last;
            }
        }
        return std::make_unique<Station>(plan, n_slots, chunk, n_threads);
    }
    void give_back(std::unique_ptr<Station> station) {
        const std::lock_guard lock(mutex_);
        idle_.push_back(std::move(station));
    }

private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<Station>> idle_;
};

class FastEngine final : public SpikingEngine {
public:
    explicit FastEngine(const Network& network) : plan_(network) {}
    const char* name() const noexcept override { return "fast"; }

    SimulationResult run(const Samples& samples, const SimulationOptions& options,
                         Progress& progress) const override {
        require_matching(plan_.network(), samples);
        const Timing& timing = plan_.network().timing;
        if (plan_.phase_coded()) {
            refuse_early_exit(options, "one-spike code in the fast");
            if (options.steps > 0 && options.steps != timing.steps)
                fail(Fault::usage,
                     "a one_spike network has its {} phases built in; convert again for {}",
                     timing.steps, options.steps);
        }
        const int n_steps = plan_.phase_coded() ? 1
                            : options.steps > 0 ? options.steps
                                                : plan_.reference().n_steps;
        SimulationResult result;
        result.samples = samples.size();
        result.steps = plan_.phase_coded() ? timing.steps : n_steps;
        result.latency = plan_.phase_coded() ? plan_.reference().n_steps - 1 : n_steps;
        if (options.keep_logits)
            result.logits = Tensor({static_cast<std::int64_t>(samples.size()),
                                    plan_.reference().shapes.back().size()});
        for (std::size_t l = 0; l < plan_.reference().shapes.size(); ++l)
            result.spikes.emplace_back(
                plan_.reference().spikes[l]
                    ? static_cast<std::size_t>(plan_.reference().shapes[l].size())
                    : 0);
        const auto began = std::chrono::steady_clock::now();
        progress.start("simulate", "images", samples.size());
        run_all(samples, options, n_steps, result, progress);
        progress.finish();
        result.seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        return result;
    }

private:
    void run_all(const Samples& samples, const SimulationOptions& options, int n_steps,
                 SimulationResult& result, Progress& progress) const {
        const auto n_threads = static_cast<std::size_t>(thread_count(options.n_threads));
        // Few samples: the cores share each of them.
        const bool together = samples.size() < 2 * n_threads;
        const std::size_t n_runs = together ? 1 : n_threads;
        const std::size_t chunk = plan_.phase_coded() ? 1 : chunk_steps(n_steps);
        const std::size_t n_slots = slots_for(plan_, chunk, samples.size(), n_runs);
        std::atomic<std::size_t> next = 0;
        const std::vector<std::uint64_t> none(static_cast<std::size_t>(n_steps));
        const bool costs = options.spike_costs != nullptr && !plan_.phase_coded();
        std::vector<Results> results(
            n_runs,
            Results{none, none, costs ? none : std::vector<std::uint64_t>(), {}, &result.logits});
        parallel_for(n_runs, static_cast<int>(n_runs), [&](std::size_t r, std::size_t) {
            auto station = stations_.take(plan_, n_slots, chunk, together ? n_threads : 1);
            SampleLoop(samples, options, n_steps, next, progress)
                .run(station->run, n_slots, chunk, results[r]);
            stations_.give_back(std::move(station));
        });
        merge(results, options, result);
    }

    static void merge(const std::vector<Results>& results, const SimulationOptions& options,
                      SimulationResult& result) {
        result.correct_after.assign(results[0].correct_after.size(), 0);
        const bool exit = options.exit.kind != ExitRule::Kind::none;
        if (exit) result.exits_after.assign(results[0].exits_after.size(), 0);
        result.cost_at.assign(results[0].cost_at.size(), 0);
        for (const Results& part : results) {
            for (std::size_t t = 0; t < part.correct_after.size(); ++t) {
                result.correct_after[t] += part.correct_after[t];
                if (exit) result.exits_after[t] += part.exits_after[t];
            }
            for (std::size_t t = 0; t < part.cost_at.size(); ++t)
                result.cost_at[t] += part.cost_at[t];
            for (std::size_t l = 0; l < result.spikes.size(); ++l)
                for (std::size_t i = 0; i < result.spikes[l].size(); ++i)
                    result.spikes[l][i] += part.spikes[l][i];
        }
    }

    FastPlan plan_;
    mutable Stations stations_;
};

}  // namespace

// Long enough that weights are read for many steps, short enough that few are wasted at the end.
std::size_t chunk_steps(int n_steps) {
    constexpr int longest = 20;
    int best = std::min(n_steps, longest);
    const auto wasted = [n_steps](int chunk) { return (chunk - n_steps % chunk) % chunk; };
    for (int chunk = best; 2 * chunk > longest && chunk > 1; --chunk)
        if (wasted(chunk) < wasted(best)) best = chunk;
    return static_cast<std::size_t>(best);
}

std::unique_ptr<SpikingEngine> make_fast_engine(const Network& network) {
    return std::make_unique<FastEngine>(network);
}

}  // namespace ranvier
