#include "ranvier/recipe/conversion.hpp"

#include "ranvier/data/subset_samples.hpp"
#include "ranvier/recipe/on_samples.hpp"
#include "ranvier/report/table.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ranvier {

using Json = nlohmann::ordered_json;

namespace {

std::string setting_text(const ConvertOptions& options) {
    if (options.coding == Coding::rate) return fmt::format("{} steps", options.steps);
    return fmt::format("T = {}, Q = {:.3g}, tune {}", options.steps, options.base,
                       name_of(options.tuning));
}

/// The conversion whose scale is in the thresholds: the same spikes, in the float network's units.
ConvertOptions with_thresholds(ConvertOptions options) {
    options.placement = Placement::thresholds;
    return options;
}

ConvertOutcome search(const Network& network, const Samples& samples, const ConvertRequest& request,
                      const ConvertOptions& options, Progress& progress) {
    SearchResult found = search_conversion(network, samples, settings_by_cost(options),
                                           *request.max_loss / 100, progress);
    if (!found.found) {
        const auto best = std::min_element(
            found.tried.begin(), found.tried.end(),
            [](const TriedSetting& a, const TriedSetting& b) { return a.changed < b.changed; });
        fail(Fault::unsupported,
             "max-loss: none of {} settings changes at most {} % of the decisions; the best ({}) "
             "changes {:.2f} +- {:.2f} %: allow that much, or convert with more --steps",
             found.tried.size(), *request.max_loss, setting_text(best->options),
             100 * best->changed, 100 * best->standard_error);
    }
    ConvertOutcome outcome{std::move(found.network), std::move(found.tried), {}};
    const TriedSetting& chosen = outcome.tried.back();
    outcome.network.notes["choice"] = fmt::format(
        "{}: the first of {} tried settings, cheap to dear, that changes at most {} % of the "
        "decisions on held-out images: {:.2f} +- {:.2f} %",
        setting_text(chosen.options), outcome.tried.size(), *request.max_loss, 100 * chosen.changed,
        100 * chosen.standard_error);
    return outcome;
}

std::string percent(double share) {
    return fmt::format("{:.2f} %", 100 * share);
}

std::string tried_text(const std::vector<TriedSetting>& tried) {
    Table table({"tried", "decisions changed", "+-", "95 % below", "accuracy lost", "seconds"});
    for (const TriedSetting& setting : tried)
        table.add_row({setting_text(setting.options), percent(setting.changed),
                       fmt::format("{:.2f}", 100 * setting.standard_error),
                       percent(setting.upper_bound), percent(setting.accuracy_loss),
                       fmt::format("{:.1f}", setting.seconds)});
    return table.text();
}

std::string diagnosis_text(const Diagnosis& diagnosis) {
    std::string text =
        fmt::format("{} {}: {} of the decisions changed, outputs off by {}\n", diagnosis.images,
                    diagnosis.held_out ? "held-out images" : "of the images that calibrated it",
                    percent(diagnosis.changed_decisions), percent(diagnosis.output_error));
    Table table({"layer", "error", "own error", "bias", "saturated", "silenced"});
    for (const LayerError& layer : diagnosis.layers)
        table.add_row({layer.name, percent(layer.relative_error),
                       layer.own_error < 0 ? std::string() : percent(layer.own_error),
                       percent(layer.bias), percent(layer.saturated), percent(layer.silenced)});
    return text + table.text();
}

Json diagnosis_json(const Diagnosis& diagnosis) {
    Json layers = Json::array();
    for (const LayerError& layer : diagnosis.layers) {
        Json row = {{"name", layer.name},
                    {"relative_error", layer.relative_error},
                    {"bias", layer.bias},
                    {"saturated", layer.saturated},
                    {"silenced", layer.silenced}};
        if (layer.own_error >= 0) row["own_error"] = layer.own_error;
        layers.push_back(std::move(row));
    }
    return {{"images", diagnosis.images},
            {"held_out", diagnosis.held_out},
            {"changed_decisions", diagnosis.changed_decisions},
            {"output_error", diagnosis.output_error},
            {"layers", std::move(layers)}};
}

void require_usable(const ConvertRequest& request) {
    const ConvertOptions& options = request.options;
    if (request.max_loss && !(*request.max_loss >= 0 && *request.max_loss <= 100))
        fail(Fault::usage, "max-loss is {}; allowed is 0 to 100 percent", *request.max_loss);
    if (request.max_loss && options.coding == Coding::one_spike && options.wait != -1)
        fail(Fault::usage,
             "max-loss chooses the steps, and layers wait for all of them; leave out wait = {}, or "
             "choose steps, base and tune yourself",
             options.wait);
    if (options.coding == Coding::rate && (options.wait != -1 || options.base == 0))
        fail(Fault::usage,
             "wait and base auto are for one_spike coding; leave them out for rate coding");
    if (request.diagnose && options.placement == Placement::weights &&
        options.weights == WeightKind::int8)
        fail(Fault::usage,
             "diagnose: with placement weights, int8 weights are rounded after the scale has moved "
             "into them, so no layer can be compared; use placement thresholds");
}

/// On images that were held out, where there are any. With the scale in the weights the same
/// conversion with it in the thresholds is compared, which has the same spikes.
void add_diagnosis(const Network& network, const Samples& samples, ConvertOptions options,
                   const RunContext& context, ConvertOutcome& outcome) {
    const bool held_out = !outcome.tried.empty();
    if (held_out) options = outcome.tried.back().options;
    // Not owned: `samples` outlives both.
    const std::shared_ptr<const Samples> all(std::shared_ptr<void>(), &samples);
    const std::size_t n_used = held_out ? calibrating_part(samples) : samples.size();
    const SubsetSamples used(all, n_used);
    const SubsetSamples rest(all, samples.size() - n_used, n_used);
    const bool moved = options.placement == Placement::weights;
    outcome.diagnosis =
        diagnose(prepared_for_conversion(network, options),
                 moved ? convert(network, held_out ? static_cast<const Samples&>(used) : samples,
                                 with_thresholds(options), *context.progress)
                       : outcome.network,
                 held_out ? static_cast<const Samples&>(rest) : samples, {100, context.n_threads},
                 *context.progress);
    outcome.diagnosis->held_out = held_out;
}

}  // namespace

ConvertOutcome convert_samples(const Network& network, const Samples& samples,
                               const ConvertRequest& request, const RunContext& context) {
    require_usable(request);
    ConvertOptions options = request.options;
    options.measure.n_threads = context.n_threads;
    options.currents.seed = context.seed;
    if (options.coding == Coding::one_spike && samples.timed())
        fail(Fault::unsupported,
             "convert: one_spike codes pixels in [0, 1], but {} has counts of events; use --coding "
             "rate",
             samples.describe());
    ConvertOutcome outcome;
    if (request.max_loss)
        outcome = search(network, samples, request, options, *context.progress);
    else
        outcome.network = convert(network, samples, options, *context.progress);
    if (request.diagnose) add_diagnosis(network, samples, options, context, outcome);
    return outcome;
}

Json conversion_json(const ConvertOutcome& outcome) {
    Json json = {{"notes", outcome.network.notes}};
    for (const TriedSetting& setting : outcome.tried)
        json["tried"].push_back({{"coding", name_of(setting.options.coding)},
                                 {"steps", setting.options.steps},
                                 {"base", setting.options.base},
                                 {"tune", name_of(setting.options.tuning)},
                                 {"changed_decisions", setting.changed},
                                 {"standard_error", setting.standard_error},
                                 {"upper_bound", setting.upper_bound},
                                 {"accuracy_loss", setting.accuracy_loss},
                                 {"seconds", setting.seconds}});
    if (outcome.diagnosis) json["diagnosis"] = diagnosis_json(*outcome.diagnosis);
    return json;
}

std::string conversion_text(const ConvertOutcome& outcome) {
    std::string text;
    if (!outcome.tried.empty()) text += fmt::format("\n{}", tried_text(outcome.tried));
    if (outcome.diagnosis) text += fmt::format("\n{}", diagnosis_text(*outcome.diagnosis));
    return text;
}

}  // namespace ranvier
