#include "ranvier/convert/search.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/convert/base_choice.hpp"
#include "ranvier/data/subset_samples.hpp"
#include "ranvier/engine/fast_engine.hpp"
#include "ranvier/sim/float_engine.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

namespace ranvier {

namespace {

/// Index of the largest of each row of [n][n_out].
std::vector<std::size_t> decisions(const Tensor& logits) {
    const auto n_out = static_cast<std::size_t>(logits.dims[1]);
    std::vector<std::size_t> best;
    for (auto row = logits.values.begin(); row != logits.values.end();
         row += static_cast<std::ptrdiff_t>(n_out))
        best.push_back(static_cast<std::size_t>(
            std::max_element(row, row + static_cast<std::ptrdiff_t>(n_out)) - row));
    return best;
}

double share_right(const std::vector<std::size_t>& decided, const Samples& samples) {
    double right = 0;
    for (std::size_t i = 0; i < decided.size(); ++i)
        right += static_cast<int>(decided[i]) == samples.label(i) ? 1 : 0;
    return right / static_cast<double>(decided.size());
}

void try_on(const Network& network, const Samples& held_out,
            const std::vector<std::size_t>& float_decisions, int n_threads, TriedSetting& tried,
            Progress& progress) {
    SimulationOptions options;
    options.n_threads = n_threads;
    options.keep_logits = true;
    const SimulationResult run = make_spiking_engine(network)->run(held_out, options, progress);
    const std::vector<std::size_t> decided = decisions(run.logits);
    const auto n = static_cast<double>(decided.size());
    for (std::size_t i = 0; i < decided.size(); ++i)
        tried.changed += decided[i] != float_decisions[i] ? 1 / n : 0;
    tried.standard_error = std::sqrt(std::max(0.0, tried.changed * (1 - tried.changed)) / n);
    constexpr double z = 1.96;
    tried.upper_bound =
        (tried.changed + z * z / (2 * n) +
         z * std::sqrt(tried.changed * (1 - tried.changed) / n + z * z / (4 * n * n))) /
        (1 + z * z / n);
    tried.accuracy_loss = share_right(float_decisions, held_out) - share_right(decided, held_out);
}

}  // namespace

std::vector<ConvertOptions> settings_by_cost(const ConvertOptions& options) {
    std::vector<ConvertOptions> settings;
    ConvertOptions setting = options;
    if (options.coding == Coding::rate) {
        for (const int steps : {16, 32, 64, 128, 256}) {
            setting.steps = steps;
            settings.push_back(setting);
        }
        return settings;
    }
    setting.base = 0;  // the best for the steps
    setting.wait = -1;
    for (const int steps : {8, 12, 16, 24, 32})
        for (const Tuning tuning :
             {Tuning::none, Tuning::bias, Tuning::scale, Tuning::base, Tuning::weights}) {
            setting.steps = steps;
            setting.tuning = tuning;
            settings.push_back(setting);
        }
    return settings;
}

std::size_t calibrating_part(const Samples& calibration) {
    return calibration.size() - calibration.size() / 5;
}

SearchResult search_conversion(const Network& network, const Samples& calibration,
                               const std::vector<ConvertOptions>& settings, double max_changed,
                               Progress& progress) {
    if (calibration.node_labels() != nullptr)
        fail(Fault::unsupported,
             "search: a graph is one sample, of which nothing can be held out; use --tune base "
             "instead of --max-loss");
    if (calibration.size() < 100)
        fail(Fault::bad_input,
             "search: {} has {} samples; a fifth of them is held out, so give at least 100 "
             "(1000 are better)",
             calibration.describe(), calibration.size());
    // Not owned: `calibration` outlives both.
    const std::shared_ptr<const Samples> all(std::shared_ptr<void>(), &calibration);
    const std::size_t n_used = calibrating_part(calibration);
    const SubsetSamples used(all, n_used);
    const SubsetSamples held_out(all, calibration.size() - n_used, n_used);
    FloatOptions float_options;
    float_options.keep_logits = true;
    const std::vector<std::size_t> wanted =
        decisions(evaluate_float(network, held_out, float_options, progress).logits);

    SearchResult result;
    for (const ConvertOptions& setting : settings) {
        const auto began = std::chrono::steady_clock::now();
        TriedSetting tried;
        tried.options = setting;
        if (tried.options.coding == Coding::one_spike && tried.options.base == 0)
            tried.options.base =
                best_base(setting.steps, {.threshold_shift = setting.threshold_shift});
        result.network = convert(network, used, tried.options, progress);
        try_on(result.network, held_out, wanted, setting.measure.n_threads, tried, progress);
        tried.seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        result.tried.push_back(tried);
        result.found = tried.changed <= max_changed;
        if (result.found) break;
    }
    return result;
}

}  // namespace ranvier
