// Batches: ranvier_session.
#include "ranvier/base/error.hpp"
#include "ranvier/base/view_samples.hpp"
#include "ranvier/c/guard.hpp"
#include "ranvier/c/model.hpp"
#include "ranvier/c/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

namespace ranvier::c_api {

namespace {

constexpr int most_threads = 1024;
constexpr int most_steps = 4096;  // as --steps of the program

void require_range(const char* what, int value, int most) {
    if (value < 0 || value > most)
        fail(Fault::usage, "run: {} is {}; allowed is 0 to {}", what, value, most);
}

ExitRule exit_rule(const ranvier_run_options& options) {
    require_range("exit_rule", options.exit_rule, RANVIER_EXIT_MARGIN);
    if (!std::isfinite(options.exit_threshold) ||
        (options.exit_rule == RANVIER_EXIT_NONE && options.exit_threshold != 0))
        fail(Fault::usage,
             "run: exit_threshold is {}; it is a finite number and needs an exit_rule",
             options.exit_threshold);
    constexpr ExitRule::Kind kinds[] = {ExitRule::Kind::none, ExitRule::Kind::maximum,
                                        ExitRule::Kind::margin};
    return {kinds[options.exit_rule], options.exit_threshold};
}

SimulationOptions simulation_options(const ranvier_run_options& options) {
    require_range("n_threads", options.n_threads, most_threads);
    require_range("steps", options.steps, most_steps);
    SimulationOptions simulation;
    simulation.n_threads = options.n_threads;
    simulation.steps = options.steps;
    simulation.keep_logits = true;
    simulation.seed = options.seed;
    simulation.first_sample = options.first_sample;
    simulation.exit = exit_rule(options);
    return simulation;
}

/// Index of the largest of each row of `n` values.
void predict(std::span<const float> logits, std::size_t n, std::span<std::size_t> predictions) {
    for (std::size_t i = 0; i < predictions.size(); ++i) {
        const auto row = logits.subspan(i * n, n);
        predictions[i] =
            static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    }
}

class Session {
public:
    explicit Session(std::shared_ptr<const Model> model) : model_(std::move(model)) {}

    void run(std::span<const float> images, const ranvier_run_options& given,
             std::span<float> logits, std::span<std::size_t> predictions) {
        const Network& network = model_->network();
        const SimulationOptions options = simulation_options(given);
        const ViewSamples samples(network.input().shape, images, {}, 0, "images in memory");
        SimulationResult result = model_->engine().run(samples, options, no_progress());
        std::copy_n(result.logits.values.begin(), logits.size(), logits.begin());
        predict(result.logits.values, model_->n_outputs(), predictions);
        result.logits = {};
        last_ = std::move(result);
    }

    /// There are no statistics until a run succeeds.
    void forget() {
        last_.reset();
        ledger_.reset();
    }

    [[nodiscard]] ranvier_statistics statistics() { return statistics_of(ledger(), *last_); }
    [[nodiscard]] ranvier_layer_statistics statistics(std::size_t layer) {
        return layer_statistics_of(ledger(), model_->network(), layer);
    }
    [[nodiscard]] const Model& model() const noexcept { return *model_; }

    std::mutex in_use;

private:
    const Ledger& ledger() {
        if (!last_) fail(Fault::usage, "session: nothing has been run yet; call ranvier_run first");
        if (!ledger_) ledger_ = ledger_of(model_->network(), *last_);
        return *ledger_;
    }

    std::shared_ptr<const Model> model_;
    std::optional<SimulationResult> last_;  ///< without logits
    std::optional<Ledger> ledger_;          ///< of last_, once it was asked for
};

Handles<ranvier_session, Session>& sessions() {
    static auto& all = *new Handles<ranvier_session, Session>;
    return all;
}

template <typename Work>
int with_session(const ranvier_session* handle, const Work& work) noexcept {
    return guard([&] { sessions().use(handle, "session", work); });
}

}  // namespace

}  // namespace ranvier::c_api

using namespace ranvier;  // what follows are C functions
using namespace ranvier::c_api;

int ranvier_open_session(const ranvier_network* network, ranvier_session** session) {
    if (session != nullptr) *session = nullptr;
    return guard([&] {
        require_pointer(session, "session");
        *session = sessions().add(std::make_shared<Session>(models().find(network, "network")));
    });
}

void ranvier_close_session(ranvier_session* session) {
    (void)guard([&] { sessions().remove(session); });
}

int ranvier_run(ranvier_session* session, const float* images, size_t n_values,
                const ranvier_run_options* options, float* logits, size_t n_logits,
                size_t* predictions, size_t n_predictions) {
    return with_session(session, [&](Session& found) {
        found.forget();
        require_pointer(images, "images");
        const std::size_t n_inputs = found.model().n_inputs();
        const std::size_t n = n_values / n_inputs;
        if (n == 0 || n_values % n_inputs != 0)
            fail(
                Fault::bad_input,
                "run: {} values given; the network wants a multiple of {} = {}, at least one image",
                n_values, to_string(found.model().network().input().shape), n_inputs);
        require_room(logits, n_logits, n * found.model().n_outputs(), "logits");
        require_room(predictions, n_predictions, n, "predictions");
        found.run({images, n_values}, read_options(options, "run options"), {logits, n_logits},
                  {predictions, n_predictions});
    });
}

int ranvier_session_statistics(const ranvier_session* session, ranvier_statistics* statistics) {
    return with_session(session, [&](Session& found) {
        write_struct(statistics, found.statistics(), "statistics");
    });
}

int ranvier_session_layer_statistics(const ranvier_session* session, size_t layer,
                                     ranvier_layer_statistics* statistics) {
    return with_session(session, [&](Session& found) {
        write_struct(statistics, found.statistics(layer), "layer statistics");
    });
}
