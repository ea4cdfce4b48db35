#include "ranvier/sim/simulator.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/parallel.hpp"
#include "ranvier/sim/float_engine.hpp"
#include "ranvier/sim/reference_run.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <mutex>

namespace ranvier {

namespace {

class ReferenceSimulator final : public SpikingEngine {
public:
    explicit ReferenceSimulator(const Network& network) : plan_(network) {}
    const char* name() const noexcept override { return "reference"; }

    SimulationResult run(const Samples& samples, const SimulationOptions& options,
                         Progress& progress) const override {
        require_matching(plan_.network, samples);
        refuse_early_exit(options, name());
        if (options.steps > 0 && plan_.phase_coded && options.steps != plan_.network.timing.steps)
            fail(Fault::usage,
                 "a one_spike network has its {} phases built in; convert again for {}",
                 plan_.network.timing.steps, options.steps);
        SimulationResult result;
        result.samples = samples.size();
        const int n_steps = options.steps > 0 && !plan_.phase_coded ? options.steps : plan_.n_steps;
        result.steps = plan_.phase_coded ? plan_.network.timing.steps : n_steps;
        result.latency = plan_.phase_coded ? n_steps - 1 : n_steps;
        result.correct_after.resize(plan_.phase_coded ? 1 : static_cast<std::size_t>(n_steps));
        if (options.spike_costs != nullptr && !plan_.phase_coded)
            result.cost_at.resize(result.correct_after.size());
        if (options.keep_logits)
            result.logits =
                Tensor({static_cast<std::int64_t>(samples.size()), plan_.shapes.back().size()});
        run_all(samples, options, n_steps, result, progress);
        return result;
    }

private:
    struct Worker {
        explicit Worker(const ReferencePlan& plan)
            : run(plan), image(static_cast<std::size_t>(plan.shapes[0].size())) {}
        ReferenceRun run;
        std::vector<float> image;
        std::vector<std::uint64_t> correct_after, cost_at;
    };

    void run_all(const Samples& samples, const SimulationOptions& options, int n_steps,
                 SimulationResult& result, Progress& progress) const {
        const auto began = std::chrono::steady_clock::now();
        std::vector<std::unique_ptr<Worker>> workers(
            static_cast<std::size_t>(thread_count(options.n_threads)));
        progress.start("simulate", "images", samples.size());
        parallel_for(samples.size(), options.n_threads, [&](std::size_t i, std::size_t w) {
            if (!workers[w]) workers[w] = std::make_unique<Worker>(plan_);
            run_one(samples, i, {options.seed, options.first_sample + i, 0}, n_steps,
                    options.spike_costs, *workers[w], result);
            progress.advance(1);
        });
        progress.finish();
        result.seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        for (std::size_t l = 0; l < plan_.shapes.size(); ++l)
            result.spikes.emplace_back(
                plan_.spikes[l] ? static_cast<std::size_t>(plan_.shapes[l].size()) : 0);
        for (const auto& worker : workers)
            if (worker) collect(*worker, result);
    }

    void run_one(const Samples& samples, std::size_t i, const PoissonDraw& draw, int n_steps,
                 const SpikeCosts* costs, Worker& worker, SimulationResult& result) const {
        samples.read(i, worker.image);
        worker.run.start(worker.image, draw);
        worker.correct_after.resize(result.correct_after.size());
        worker.cost_at.resize(result.cost_at.size());
        const auto& logits = worker.run.logits();
        for (int t = 0; t < n_steps; ++t) {
            worker.run.step();
            if (costs != nullptr && !plan_.phase_coded)
                worker.cost_at[static_cast<std::size_t>(t)] += worker.run.step_cost(*costs);
            if (plan_.phase_coded && t + 1 < n_steps) continue;
            const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
            if (best == samples.label(i))
                ++worker.correct_after[plan_.phase_coded ? 0 : static_cast<std::size_t>(t)];
        }
        if (!result.logits.empty())
            std::copy(
                logits.begin(), logits.end(),
                result.logits.values.begin() + static_cast<std::ptrdiff_t>(i * logits.size()));
    }

    static void collect(const Worker& worker, SimulationResult& result) {
        for (std::size_t t = 0; t < worker.correct_after.size(); ++t)
            result.correct_after[t] += worker.correct_after[t];
        for (std::size_t t = 0; t < worker.cost_at.size(); ++t)
            result.cost_at[t] += worker.cost_at[t];
        const auto counts = worker.run.spike_counts();
        for (std::size_t l = 0; l < counts.size(); ++l)
            for (std::size_t i = 0; i < counts[l].size(); ++i) result.spikes[l][i] += counts[l][i];
    }

    ReferencePlan plan_;
};

}  // namespace

bool exits(const ExitRule& rule, std::span<const float> logits) {
    if (rule.kind == ExitRule::Kind::none || logits.empty()) return false;
    const auto largest = std::max_element(logits.begin(), logits.end());
    if (rule.kind == ExitRule::Kind::maximum) return *largest > rule.threshold;
    float second = -std::numeric_limits<float>::infinity();
    for (auto it = logits.begin(); it != logits.end(); ++it)
        if (it != largest) second = std::max(second, *it);
    return *largest - second > rule.threshold;
}

void refuse_early_exit(const SimulationOptions& options, const char* engine) {
    if (options.exit.kind != ExitRule::Kind::none)
        fail(Fault::usage,
             "early exit: the {} engine has none; it is for rate coding and the fast "
             "engine",
             engine);
}

std::unique_ptr<SpikingEngine> make_reference_simulator(const Network& network) {
    return std::make_unique<ReferenceSimulator>(network);
}

}  // namespace ranvier
