#include "ranvier/base/error.hpp"
#include "ranvier/sim/float_engine.hpp"
#include "ranvier/sim/reference_run.hpp"

#include <mutex>

namespace ranvier {

namespace {

class PhaseEngine final : public SpikingEngine {
public:
    explicit PhaseEngine(const Network& network) : network_(network) {
        const ReferencePlan plan(network);  // refuses what cannot be simulated
        if (!network.spiking() || !runs_densely(network))
            fail(Fault::unsupported,
                 "the phase engine runs one_spike networks with W >= T and max pools that count; "
                 "use the reference engine for this network");
        latency_ = plan.n_steps - 1;
        for (std::size_t l = 0; l < plan.shapes.size(); ++l)
            neurons_.push_back(plan.spikes[l] ? static_cast<std::size_t>(plan.shapes[l].size())
                                              : 0);
    }
    const char* name() const noexcept override { return "phase"; }

    SimulationResult run(const Samples& samples, const SimulationOptions& options,
                         Progress& progress) const override {
        if (options.steps > 0 && options.steps != network_.timing.steps)
            fail(Fault::usage,
                 "a one_spike network has its {} phases built in; convert again for {}",
                 network_.timing.steps, options.steps);
        refuse_early_exit(options, name());
        std::unique_ptr<FloatEngine> engine = take(options.n_threads);
        FloatOptions dense;
        dense.n_threads = options.n_threads;
        dense.keep_logits = options.keep_logits;
        FloatResult run = evaluate_float(*engine, network_, samples, dense, progress);

        SimulationResult result;
        result.samples = run.samples;
        result.steps = network_.timing.steps;
        result.latency = latency_;
        result.correct_after = {run.correct};
        result.seconds = run.seconds;
        result.logits = std::move(run.logits);
        for (const std::size_t n : neurons_) result.spikes.emplace_back(n);
        engine->collect_spikes(result.spikes);
        give_back(std::move(engine), options.n_threads);
        return result;
    }

private:
    /// The float engine of the last run, whose plans are made, or a new one.
    [[nodiscard]] std::unique_ptr<FloatEngine> take(int n_threads) const {
        {
            const std::lock_guard lock(mutex_);
            if (idle_ != nullptr && idle_threads_ == n_threads) return std::move(idle_);
        }
        return std::make_unique<FloatEngine>(network_, n_threads);
    }
    void give_back(std::unique_ptr<FloatEngine> engine, int n_threads) const {
        const std::lock_guard lock(mutex_);
        idle_ = std::move(engine);
        idle_threads_ = n_threads;
    }

    Network network_;
    int latency_ = 0;
    std::vector<std::size_t> neurons_;  ///< [n_layers] that spike
    mutable std::mutex mutex_;
    mutable std::unique_ptr<FloatEngine> idle_;
    mutable int idle_threads_ = 0;
};

}  // namespace

std::unique_ptr<SpikingEngine> make_phase_engine(const Network& network) {
    return std::make_unique<PhaseEngine>(network);
}

}  // namespace ranvier
