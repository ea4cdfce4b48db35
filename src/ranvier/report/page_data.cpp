#include "ranvier/report/page_data.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/report/headline.hpp"
#include "ranvier/report/json_copier.hpp"
#include "ranvier/report/page_evaluation.hpp"
#include "ranvier/report/pareto.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <utility>

namespace ranvier {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* epoch_numbers[] = {
    "epoch",     "loss",          "accuracy",        "learning_rate",
    "test_loss", "test_accuracy", "validation_loss", "validation_accuracy"};
constexpr const char* error_numbers[] = {"relative_error", "own_error", "bias", "saturated",
                                         "silenced"};
constexpr const char* diagnosis_numbers[] = {"images", "changed_decisions", "output_error"};

bool has_accuracy(const Json& json) {
    return json.is_object() && json.contains("accuracy") && json["accuracy"].is_number();
}

/// Evaluations by title. A recipe's result has them by name and repeats the last; a single
/// evaluation may have another one `against` it; a sweep has a list of recipes' results.
void collect(const Json& result, const std::string& prefix, const std::string& run, Json& list) {
    if (!result.is_object()) return;
    if (result.contains("points") && result["points"].is_array()) {
        for (const Json& point : result["points"])
            if (point.is_object())
                collect(point, prefix + point.value("folder", "point") + "/", run, list);
        return;
    }
    const auto add = [&](const Json& one, const std::string& title) {
        if (has_accuracy(one)) list.push_back(page_evaluation(one, prefix + title, run));
    };
    const bool of_recipe = result.contains("stages");
    const auto title_of = [&](const Json& one, const std::string& otherwise) {
        return one.contains("title") && one["title"].is_string() && !one["title"].empty()
                   ? one["title"].get<std::string>()
                   : otherwise;
    };
    // The headline comes last, as in a recipe.
    for (const auto& item : result.items())
        if (has_accuracy(item.value())) add(item.value(), title_of(item.value(), item.key()));
    if (!of_recipe) add(result, title_of(result, run));
}

Json page_stage(const StageRecord& stage, const std::string& run) {
    Json json = {{"name", stage.name}, {"do", stage.kind}};
    const Copier copier(stage.result, json, fmt::format("{}, stage '{}'", run, stage.name));
    copier.objects("epochs", [](const Copier& epoch) {
        for (const char* key : epoch_numbers) epoch.number(key);
    });
    copier.object("diagnosis", [](const Copier& diagnosis) {
        for (const char* key : diagnosis_numbers) diagnosis.number(key);
        diagnosis.objects("layers", [](const Copier& layer) {
            layer.text("name");
            for (const char* key : error_numbers) layer.number(key);
        });
    });
    return json;
}

/// Stages of a result without a folder: a recipe's, or a conversion that stands alone.
std::vector<StageRecord> stages_within(const RunRecord& run) {
    std::vector<StageRecord> stages;
    if (!run.result.is_object()) return stages;
    if (run.result.contains("diagnosis")) stages.push_back({run.name, "convert", run.result});
    if (run.result.contains("stages") && run.result["stages"].is_array())
        for (const Json& stage : run.result["stages"])
            if (stage.is_object())
                stages.push_back({stage.value("name", ""), stage.value("do", ""), stage});
    return stages;
}

Json page_run(const RunRecord& run) {
    Json json = {{"name", run.name}, {"source", run.source}, {"evaluations", Json::array()}};
    collect(run.result, "", run.name, json["evaluations"]);
    for (Json& evaluation : json["evaluations"]) {
        const auto found = run.crossbars.find(evaluation["title"].get<std::string>());
        if (found == run.crossbars.end() || evaluation.contains("crossbars")) continue;
        const Json made = {{"crossbars", found->second}};
        copy_crossbars(Copier(made, evaluation, run.name));
    }
    if (const auto headline = headline_in(json["evaluations"])) {
        json["headline"] = headline->evaluation;
        json["headline_among"] = headline->among;
    }
    json["stages"] = Json::array();
    for (const StageRecord& stage : run.stages.empty() ? stages_within(run) : run.stages) {
        Json made = page_stage(stage, run.name);
        if (made.contains("epochs") || made.contains("diagnosis"))
            json["stages"].push_back(std::move(made));
    }
    if (run.result.is_object()) {
        const Copier copier(run.result, json, run.name);
        copier.texts("recipe");
    }
    json["notes"] = run.notes;
    if (json["evaluations"].empty() && json["stages"].empty())
        fail(Fault::bad_input,
             "report: {} holds no result with an accuracy, no training curve and no diagnosis; "
             "give the folder of a run, or what --json of run, evaluate or sweep wrote",
             run.source);
    return json;
}

struct Place {
    std::size_t run = 0;
    std::size_t evaluation = 0;
};

std::optional<Place> find_reference(const Json& evaluation, std::size_t run, const Json& runs) {
    std::vector<std::size_t> order = {run};
    for (std::size_t r = 0; r < runs.size(); ++r)
        if (r != run) order.push_back(r);
    for (const std::size_t r : order)
        if (const auto found = reference_in(evaluation, runs[r]["evaluations"]))
            return Place{r, *found};
    return {};
}

void add_reference(Json& evaluation, std::size_t run, const Json& runs) {
    if (is_float(evaluation)) return;
    const auto found = find_reference(evaluation, run, runs);
    if (!found) return;
    const Json& reference = runs[found->run]["evaluations"][found->evaluation];
    evaluation["accuracy_difference"] =
        evaluation["accuracy"].get<double>() - reference["accuracy"].get<double>();
    evaluation["reference"] = {{"run", found->run}, {"evaluation", found->evaluation}};
}

/// Marks with `mark` those of `evaluations` that lie on the front of accuracy against `cost`.
void mark_front(const std::vector<Json*>& evaluations, const char* cost, const char* mark) {
    std::vector<Json*> taken;
    std::vector<Bargain> bargains;
    for (Json* evaluation : evaluations)
        if (const auto price = positive(*evaluation, cost)) {
            taken.push_back(evaluation);
            bargains.push_back({*price, (*evaluation)["accuracy"].get<double>()});
        }
    const std::vector<bool> front = pareto_front(bargains);
    for (std::size_t k = 0; k < taken.size(); ++k)
        if (front[k]) (*taken[k])[mark] = true;
}

void mark_fronts(Json& runs) {
    std::map<std::string, std::vector<Json*>> by_data;
    for (Json& run : runs)
        for (Json& evaluation : run["evaluations"])
            by_data[evaluation["data"].get<std::string>()].push_back(&evaluation);
    for (const auto& [data, evaluations] : by_data) {
        mark_front(evaluations, "energy_pj", "front_energy");
        mark_front(evaluations, "latency", "front_latency");
    }
}

/// Names that differ: a name that several runs have gives way to where they were read from.
void tell_apart(Json& runs) {
    std::map<std::string, int> times;
    for (const Json& run : runs) ++times[run["name"].get<std::string>()];
    for (Json& run : runs)
        if (times[run["name"].get<std::string>()] > 1) run["name"] = run["source"];
}

std::string title_of(const Json& runs) {
    constexpr std::size_t most = 3;
    if (runs.size() > most) return fmt::format("Ranvier report: {} runs", runs.size());
    std::vector<std::string> names;
    for (const Json& run : runs) names.push_back(run["name"].get<std::string>());
    return fmt::format("Ranvier report: {}", fmt::join(names, ", "));
}

}  // namespace

std::string headline_of(const RunRecord& run) {
    Json evaluations = Json::array();
    collect(run.result, "", run.name, evaluations);
    const auto headline = headline_in(evaluations);
    return headline ? evaluations[headline->evaluation]["title"].get<std::string>() : "";
}

Json page_data(std::span<const RunRecord> runs, const std::string& version,
               const std::string& command) {
    Json list = Json::array();
    for (const RunRecord& run : runs) {
        try {
            list.push_back(page_run(run));
        } catch (const Json::exception& error) {
            fail(Fault::bad_input, "report: {} is no result of Ranvier: {}", run.source,
                 error.what());
        }
    }
    for (std::size_t r = 0; r < list.size(); ++r)
        for (Json& evaluation : list[r]["evaluations"]) add_reference(evaluation, r, list);
    mark_fronts(list);
    tell_apart(list);
    std::string title = title_of(list);
    return {{"title", std::move(title)},
            {"version", version},
            {"command", command},
            {"runs", std::move(list)}};
}

}  // namespace ranvier
