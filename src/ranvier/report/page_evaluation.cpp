#include "ranvier/report/page_evaluation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <utility>
#include <vector>

namespace ranvier {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* evaluation_numbers[] = {"accuracy",          "accuracy_standard_error",
                                              "correct",           "samples",
                                              "timesteps",         "latency_steps",
                                              "mean_exit_step",    "mean_timesteps",
                                              "neurons",           "spikes_per_sample",
                                              "spikes_per_neuron", "synops_per_sample",
                                              "macs_per_sample",   "float_macs_per_sample",
                                              "energy_pj",         "float_energy_pj",
                                              "images_per_second", "crosspoints",
                                              "crosspoints_kept",  "seed"};
constexpr const char* evaluation_texts[] = {"coding", "reset",   "weights",     "split",
                                            "engine", "command", "network_file"};
constexpr const char* layer_numbers[] = {"neurons",           "spikes_per_sample",
                                         "spikes_per_neuron", "synops_per_sample",
                                         "macs_per_sample",   "energy_pj"};
constexpr const char* attack_numbers[] = {
    "epsilon",        "timesteps",        "leak",
    "accuracy",       "samples",          "accuracy_standard_error",
    "clean_accuracy", "adversarial_loss", "without_gradient"};
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

/// Timesteps until the answer; none for float networks, and where the file does not say.
std::optional<double> latency_of(const Json& evaluation) {
    for (const char* key : {"mean_exit_step", "mean_timesteps", "latency_steps"})
        if (const auto steps = positive(evaluation, key)) return steps;
    if (evaluation.value("coding", "") == "rate") return positive(evaluation, "timesteps");
    return {};
}

void copy_layers(const Copier& copier) {
    copier.objects("layers", [](const Copier& layer) {
        layer.text("name");
        layer.text("kind");
        for (const char* key : layer_numbers) layer.number(key);
    });
}

/// What was tested on: a text, or (stdp) one of several by split. Unnamed data are "".
void copy_data(const Json& from, const Copier& copier, Json& json) {
    json["data"] = "";
    if (!from.contains("data") || !from["data"].is_object()) {
        copier.text("data");
        return;
    }
    json["data"] = from["data"].value("test", "");
    if (from["data"].contains("test")) json["split"] = "test";
}

void copy_attack_row(const Copier& row) {
    for (const char* key : {"method", "gradient"}) row.text(key);
    for (const char* key : attack_numbers) row.number(key);
}

/// All rows of an attack; a result without a list of them is itself the only one. They stand in an
/// object of their own: `method` is another thing for an evaluation, `accuracy` that of one row.
void copy_attack(const Json& from, const std::string& where, Json& json) {
    if (!from.contains("clean_accuracy")) return;
    Json attack = Json::object();
    const Copier copier(from, attack, where);
    for (const char* key : {"crafted_on", "target"}) copier.text(key);
    copier.object("pgd", [](const Copier& pgd) {
        for (const char* key : {"step", "iterations"}) pgd.number(key);
    });
    copier.objects("rows", copy_attack_row);
    if (!attack.contains("rows")) {
        Json row = Json::object();
        copy_attack_row(Copier(from, row, where));
        attack["rows"] = Json::array({std::move(row)});
    }
    json["attack"] = std::move(attack);
}

/// "under attack: pgd, epsilon 0.2", as far as the last row says; that one's accuracy is the
/// result's.
std::string attack_method(const Json& attack) {
    const Json& row = attack["rows"].back();
    std::vector<std::string> known;
    if (row.contains("method")) known.push_back(row["method"].get<std::string>());
    if (row.contains("epsilon"))
        known.push_back(fmt::format("epsilon {:.4g}", row["epsilon"].get<double>()));
    return known.empty() ? "under attack" : fmt::format("under attack: {}", fmt::join(known, ", "));
}

}  // namespace

std::optional<double> positive(const Json& json, const char* key) {
    const auto found = json.find(key);
    if (found == json.end() || !(found->get<double>() > 0)) return {};
    return found->get<double>();
}

bool is_float(const Json& evaluation) {
    return evaluation.value("coding", "") == "float";
}

bool attacked(const Json& evaluation) {
    return evaluation.contains("attack");
}

std::string weights_of(const Json& evaluation) {
    return evaluation.value("weights", "float32");
}

std::string method_of(const Json& evaluation) {
    if (attacked(evaluation)) return attack_method(evaluation["attack"]);
    std::string method = evaluation.value("coding", "");
    if (method.empty()) method = evaluation.contains("crosspoints") ? "STDP" : "other";
    if (method == "one_spike") method = "one-spike";
    if (evaluation.value("reset", "") == "zero") method += ", reset to zero";
    if (evaluation.contains("exits_per_step")) method += ", early exit";
    if (weights_of(evaluation) != "float32") method += ", " + weights_of(evaluation) + " weights";
    return method;
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

Json page_evaluation(const Json& from, const std::string& title, const std::string& run) {
    Json json = {{"title", title}};
    const std::string where = fmt::format("{}, result '{}'", run, title);
    const Copier copier(from, json, where);
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
    copy_attack(from, where, json);
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

}  // namespace ranvier
