#include "ranvier/recipe/conversion.hpp"

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
    Table table({"tried", "decisions changed", "+-", "accuracy lost", "seconds"});
    for (const TriedSetting& setting : tried)
        table.add_row({setting_text(setting.options), percent(setting.changed),
                       fmt::format("{:.2f}", 100 * setting.standard_error),
                       percent(setting.accuracy_loss), fmt::format("{:.1f}", setting.seconds)});
    return table.text();
}

std::string diagnosis_text(const Diagnosis& diagnosis) {
    std::string text =
        fmt::format("{} images: {} of the decisions changed, outputs off by {}\n", diagnosis.images,
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
            {"changed_decisions", diagnosis.changed_decisions},
            {"output_error", diagnosis.output_error},
            {"layers", std::move(layers)}};
}

}  // namespace

ConvertOutcome run_convert(const Network& network, const ConvertRequest& request,
                           const RunContext& context) {
    DataOptions data = request.data;
    data.shape = network.input().shape;
    ConvertOptions options = request.options;
    options.measure.n_threads = context.n_threads;
    const std::unique_ptr<Samples> samples = open_dataset(data);
    ConvertOutcome outcome;
    if (request.max_loss)
        outcome = search(network, *samples, request, options, *context.progress);
    else
        outcome.network = convert(network, *samples, options, *context.progress);
    if (!request.diagnose) return outcome;
    if (!outcome.tried.empty()) options = outcome.tried.back().options;
    const bool moved = options.placement == Placement::weights;
    outcome.diagnosis =
        diagnose(prepared_for_conversion(network, options),
                 moved ? convert(network, *samples, with_thresholds(options), *context.progress)
                       : outcome.network,
                 *samples, {100, context.n_threads}, *context.progress);
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
