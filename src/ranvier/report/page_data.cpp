#include "ranvier/report/page_data.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/report/pareto.hpp"

#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <set>
#include <utility>

namespace ranvier {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* evaluation_numbers[] = {"accuracy",
                                              "accuracy_standard_error",
                                              "correct",
                                              "samples",
                                              "timesteps",
                                              "latency_steps",
                                              "mean_exit_step",
                                              "mean_timesteps",
                                              "neurons",
                                              "spikes_per_sample",
                                              "spikes_per_neuron",
                                              "synops_per_sample",
                                              "macs_per_sample",
                                              "float_macs_per_sample",
                                              "energy_pj",
                                              "float_energy_pj",
                                              "images_per_second",
                                              "crosspoints",
                                              "crosspoints_kept",
                                              "clean_accuracy",
                                              "seed"};
constexpr const char* evaluation_texts[] = {"coding", "reset",   "weights",
                                            "engine", "command", "network_file"};
constexpr const char* layer_numbers[] = {"neurons",           "spikes_per_sample",
                                         "spikes_per_neuron", "synops_per_sample",
                                         "macs_per_sample",   "energy_pj"};
constexpr const char* epoch_numbers[] = {
    "epoch",     "loss",          "accuracy",        "learning_rate",
    "test_loss", "test_accuracy", "validation_loss", "validation_accuracy"};
constexpr const char* error_numbers[] = {"relative_error", "own_error", "bias", "saturated",
                                         "silenced"};
constexpr const char* crossbar_numbers[] = {"rows",
                                            "columns",
                                            "arrays",
                                            "cells",
                                            "cells_kept",
                                            "utilization",
                                            "rows_read_per_sample",
                                            "cells_read_per_sample",
                                            "float_rows_read_per_sample",
                                            "float_cells_read_per_sample"};
constexpr const char* diagnosis_numbers[] = {"images", "changed_decisions", "output_error"};

/// Copies members of one object into another, if they are there and of the right type.
class Copier {
public:
    Copier(const Json& from, Json& to, std::string where)
        : from_(from), to_(to), where_(std::move(where)) {
        if (!from.is_object()) refuse("the value", from, "an object");
    }

    void number(const char* key) const {
        if (const Json* value = find(key)) to_[key] = checked_number(*value, key);
    }

    void text(const char* key) const {
        const Json* value = find(key);
        if (value == nullptr) return;
        if (!value->is_string()) refuse(key, *value, "a text");
        to_[key] = *value;
    }

    void numbers(const char* key) const {
        const Json* value = find(key);
        if (value == nullptr) return;
        if (!value->is_array()) refuse(key, *value, "a list of numbers");
        Json list = Json::array();
        for (const Json& entry : *value) list.push_back(checked_number(entry, key));
        if (!list.empty()) to_[key] = std::move(list);
    }

    /// A list of objects, each copied by `copy(copier)`. An empty list is left out.
    template <typename Copy>
    void objects(const char* key, const Copy& copy) const {
        const Json* value = find(key);
        if (value == nullptr) return;
        if (!value->is_array()) refuse(key, *value, "a list");
        Json list = Json::array();
        for (const Json& entry : *value) {
            Json made = Json::object();
            copy(Copier(entry, made, fmt::format("{}, {}[{}]", where_, key, list.size())));
            list.push_back(std::move(made));
        }
        if (!list.empty()) to_[key] = std::move(list);
    }

    template <typename Copy>
    void object(const char* key, const Copy& copy) const {
        const Json* value = find(key);
        if (value == nullptr) return;
        Json made = Json::object();
        copy(Copier(*value, made, fmt::format("{}, {}", where_, key)));
        to_[key] = std::move(made);
    }

    /// An object of texts.
    void texts(const char* key) const {
        object(key, [](const Copier& copier) {
            for (const auto& item : copier.from_.items()) copier.text(item.key().c_str());
        });
    }

private:
    [[nodiscard]] const Json* find(const char* key) const {
        const auto found = from_.find(key);
        return found == from_.end() || found->is_null() ? nullptr : &*found;
    }

    [[nodiscard]] const Json& checked_number(const Json& value, const char* key) const {
        if (!value.is_number()) refuse(key, value, "a number");
        return value;
    }

    [[noreturn]] void refuse(const char* key, const Json& value, const char* allowed) const {
        fail(Fault::bad_input, "report: {}: {} is a {}; it must be {}", where_, key,
             value.type_name(), allowed);
    }

    const Json& from_;
    Json& to_;
    std::string where_;
};

bool has_accuracy(const Json& json) {
    return json.is_object() && json.contains("accuracy") && json["accuracy"].is_number();
}

std::optional<double> positive(const Json& json, const char* key) {
    const auto found = json.find(key);
    if (found == json.end() || !(found->get<double>() > 0)) return {};
    return found->get<double>();
}

/// Timesteps until the answer; none for float networks, and where the file does not say.
std::optional<double> latency_of(const Json& evaluation) {
    for (const char* key : {"mean_exit_step", "mean_timesteps", "latency_steps"})
        if (const auto steps = positive(evaluation, key)) return steps;
    if (evaluation.value("coding", "") == "rate") return positive(evaluation, "timesteps");
    return {};
}

bool is_float(const Json& evaluation) {
    return evaluation.value("coding", "") == "float";
}

/// What an attack left: its accuracy is on images that were made to deceive.
bool attacked(const Json& evaluation) {
    return evaluation.contains("clean_accuracy");
}

std::string weights_of(const Json& evaluation) {
    return evaluation.value("weights", "float32");
}

void copy_layers(const Copier& copier) {
    copier.objects("layers", [](const Copier& layer) {
        layer.text("name");
        layer.text("kind");
        for (const char* key : layer_numbers) layer.number(key);
    });
}

void copy_crossbars(const Copier& copier) {
    copier.object("crossbars", [](const Copier& crossbars) {
        crossbars.text("scheme");
        for (const char* key : crossbar_numbers) crossbars.number(key);
        crossbars.objects("layers", [](const Copier& layer) {
            layer.text("name");
            for (const char* key : crossbar_numbers) layer.number(key);
        });
    });
}

/// What was tested on: a text, or (stdp) one of several by split. Unnamed data are "".
void copy_data(const Json& from, const Copier& copier, Json& json) {
    json["data"] = "";
    if (from.contains("data") && from["data"].is_object())
        json["data"] = from["data"].value("test", "");
    else
        copier.text("data");
}

Json page_evaluation(const Json& from, const std::string& title, const std::string& run) {
    Json json = {{"title", title}};
    const Copier copier(from, json, fmt::format("{}, result '{}'", run, title));
    for (const char* key : evaluation_texts) copier.text(key);
    copy_data(from, copier, json);
    for (const char* key : evaluation_numbers) copier.number(key);
    copier.numbers("accuracy_per_step");
    copier.numbers("exits_per_step");
    copier.texts("network_notes");
    copier.object("compared", [](const Copier& compared) {
        compared.text("with");
        for (const char* key : {"energy_ratio", "area_ratio"}) compared.number(key);
    });
    copy_crossbars(copier);
    json["method"] = method_of(json);
    if (!is_float(json)) copy_layers(copier);
    if (from.contains("versions") && from["versions"].is_object())
        json["version"] =
            from["versions"].value("ranvier", "") + " " + from["versions"].value("revision", "");
    if (from.contains("energy_constants") && from["energy_constants"].is_object())
        json["energy_constants"] = from["energy_constants"].value("name", "");
    if (const auto latency = latency_of(json)) json["latency"] = *latency;
    const auto own = positive(json, "energy_pj");
    const auto floating = positive(json, "float_energy_pj");
    if (own && floating && !is_float(json)) json["energy_ratio"] = *floating / *own;
    return json;
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

/// The most accurate spiking result, of equal ones that with less energy; else the last result.
std::optional<std::size_t> headline_in(const Json& evaluations) {
    const auto better = [](const Json& a, const Json& b) {
        const auto energy = [](const Json& one) {
            return positive(one, "energy_pj").value_or(1e300);
        };
        if (a["accuracy"] != b["accuracy"]) return a["accuracy"] > b["accuracy"];
        return energy(a) < energy(b);
    };
    std::optional<std::size_t> best;
    for (std::size_t e = 0; e < evaluations.size(); ++e)
        if (!is_float(evaluations[e]) && !attacked(evaluations[e]) &&
            (!best || better(evaluations[e], evaluations[*best])))
            best = e;
    if (!best && !evaluations.empty()) best = evaluations.size() - 1;
    return best;
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
    if (const auto headline = headline_in(json["evaluations"])) json["headline"] = *headline;
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

/// @param weights  that the reference must have; empty: any.
bool comparable(const Json& evaluation, const Json& reference, const std::string& weights) {
    const double a = evaluation.value("float_macs_per_sample", -1.0);
    const double b = reference.value("float_macs_per_sample", -2.0);
    return is_float(reference) && evaluation["data"] == reference["data"] &&
           (weights.empty() || weights_of(reference) == weights) &&
           std::abs(a - b) <= 1e-9 * std::abs(a);
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
        for (const char* weights : {"float32", ""}) {
            const Json& others = runs[r]["evaluations"];
            for (std::size_t e = 0; e < others.size(); ++e)
                if (comparable(evaluation, others[e], weights)) return Place{r, e};
        }
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

std::string method_of(const Json& evaluation) {
    if (attacked(evaluation)) return "under attack";
    std::string method = evaluation.value("coding", "");
    if (method.empty()) method = evaluation.contains("crosspoints") ? "STDP" : "other";
    if (method == "one_spike") method = "one-spike";
    if (evaluation.value("reset", "") == "zero") method += ", reset to zero";
    if (evaluation.contains("exits_per_step")) method += ", early exit";
    if (weights_of(evaluation) != "float32") method += ", " + weights_of(evaluation) + " weights";
    return method;
}

std::string headline_of(const RunRecord& run) {
    Json evaluations = Json::array();
    collect(run.result, "", run.name, evaluations);
    const auto headline = headline_in(evaluations);
    return headline ? evaluations[*headline]["title"].get<std::string>() : "";
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
