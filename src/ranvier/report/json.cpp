#include "ranvier/report/json.hpp"

#include "ranvier/base/error.hpp"

#include <nlohmann/json.hpp>

namespace ranvier {

using Json = nlohmann::ordered_json;

namespace {

Json layer_to_json(const LayerResult& layer) {
    return {{"name", layer.name},
            {"kind", layer.kind},
            {"neurons", layer.neurons},
            {"spikes_per_sample", layer.spikes},
            {"spikes_per_neuron", layer.spikes_per_neuron},
            {"synops_per_sample", layer.synops},
            {"synops_nominal_per_sample", layer.synops_nominal},
            {"macs_per_sample", layer.macs},
            {"float_macs_per_sample", layer.float_macs},
            {"input_rate", layer.input_rate},
            {"energy_pj", layer.energy_pj}};
}

/// Reads members of an object; null or absent leaves the default.
class Reader {
public:
    /// @throws Json::type_error if it is no object.
    explicit Reader(const Json& object) : object_(object) {
        (void)object.get_ref<const Json::object_t&>();
    }

    template <typename T>
    void operator()(const char* key, T& value) const {
        const auto found = object_.find(key);
        if (found != object_.end() && !found->is_null()) value = found->template get<T>();
    }

private:
    const Json& object_;
};

LayerResult layer_from_json(const Json& json) {
    LayerResult layer;
    const Reader read(json);
    read("name", layer.name);
    read("kind", layer.kind);
    read("neurons", layer.neurons);
    read("spikes_per_sample", layer.spikes);
    read("spikes_per_neuron", layer.spikes_per_neuron);
    read("synops_per_sample", layer.synops);
    read("synops_nominal_per_sample", layer.synops_nominal);
    read("macs_per_sample", layer.macs);
    read("float_macs_per_sample", layer.float_macs);
    read("input_rate", layer.input_rate);
    read("energy_pj", layer.energy_pj);
    return layer;
}

/// Calls visit(key, value) for everything but the layers.
template <typename Result, typename Visit>
void visit_crossbars(Result& result, const Visit& visit) {
    visit("rows", result.rows);
    visit("columns", result.columns);
    visit("scheme", result.scheme);
    visit("arrays", result.arrays);
    visit("cells", result.cells);
    visit("cells_kept", result.cells_kept);
    visit("utilization", result.utilization);
    visit("rows_read_per_sample", result.rows_read);
    visit("cells_read_per_sample", result.cells_read);
    visit("float_rows_read_per_sample", result.float_rows_read);
    visit("float_cells_read_per_sample", result.float_cells_read);
}

template <typename Layer, typename Visit>
void visit_crossbar_layer(Layer& layer, const Visit& visit) {
    visit("name", layer.name);
    visit("arrays", layer.arrays);
    visit("cells", layer.cells);
    visit("rows_read_per_sample", layer.rows_read);
    visit("cells_read_per_sample", layer.cells_read);
    visit("float_rows_read_per_sample", layer.float_rows_read);
    visit("float_cells_read_per_sample", layer.float_cells_read);
}

Json crossbars_to_json(const CrossbarResult& result) {
    Json json;
    visit_crossbars(result, [&json](const char* key, const auto& value) { json[key] = value; });
    json["layers"] = Json::array();
    for (const CrossbarLayerResult& layer : result.layers) {
        Json row;
        visit_crossbar_layer(layer,
                             [&row](const char* key, const auto& value) { row[key] = value; });
        json["layers"].push_back(std::move(row));
    }
    return json;
}

void read_crossbars(const Json& json, CrossbarResult& result) {
    visit_crossbars(result, Reader(json));
    if (!json.contains("layers")) return;
    for (const Json& row : json["layers"])
        visit_crossbar_layer(result.layers.emplace_back(), Reader(row));
}

Json coding_to_json(const CodingResult& coding) {
    Json json = {{"coding", coding.coding}};
    if (coding.coding == "float") return json;
    json["input_coding"] = coding.input_coding;
    json["steps"] = coding.steps;
    json["propagation"] = coding.propagation;
    if (coding.coding == "one_spike") {
        json["wait"] = coding.wait;
        json["base"] = coding.base;
        if (!coding.bases.empty()) json["bases"] = coding.bases;
        json["mape"] = coding.mape;
        json["threshold_shift"] = coding.threshold_shift;
    } else {
        json["reset"] = coding.reset;
    }
    return json;
}

void read_coding(const Json& json, CodingResult& coding) {
    const Reader read(json);
    read("coding", coding.coding);
    read("input_coding", coding.input_coding);
    read("steps", coding.steps);
    read("propagation", coding.propagation);
    read("wait", coding.wait);
    read("base", coding.base);
    read("bases", coding.bases);
    read("mape", coding.mape);
    read("threshold_shift", coding.threshold_shift);
    read("reset", coding.reset);
}

void read_energy(const Json& json, EnergyResult& energy) {
    const Reader read(json);
    read("name", energy.constants);
    read("mac_pj", energy.mac_pj);
    read("ac_pj", energy.ac_pj);
    read("first_layer", energy.first_layer);
}

void read_measurements(const Json& json, EvaluationResult& result) {
    const Reader read(json);
    read("title", result.title);
    read("accuracy", result.accuracy);
    read("accuracy_standard_error", result.accuracy_error);
    read("correct", result.correct);
    read("samples", result.samples);
    read("passes", result.passes);
    read("timesteps", result.timesteps);
    read("latency_steps", result.latency_steps);
    read("pipelined_steps_per_image", result.pipelined_steps_per_image);
    read("membrane_banks", result.membrane_banks);
    read("neurons", result.neurons);
    read("spikes_per_sample", result.spikes);
    read("spikes_per_neuron", result.spikes_per_neuron);
    read("fired_fraction", result.fired_fraction);
    read("fired_fraction_layer_mean", result.fired_fraction_layer_mean);
    read("synops_per_sample", result.synops);
    read("synops_nominal_per_sample", result.synops_nominal);
    read("macs_per_sample", result.macs);
    read("float_macs_per_sample", result.float_macs);
    read("energy_pj", result.energy_pj);
    read("float_energy_pj", result.float_energy_pj);
    read("null_weight_fraction", result.null_weight_fraction);
    read("normalized_operations", result.normalized_operations);
    read("efficiency_eq6", result.efficiency_eq6);
    read("efficiency_eq6_int8", result.efficiency_eq6_int8);
    read("efficiency_eq6_int8_multiplier_only", result.efficiency_eq6_int8_multiplier_only);
    read("seconds", result.seconds);
    read("images_per_second", result.images_per_second);
    read("accuracy_per_step", result.accuracy_per_step);
    read("synops_by_step", result.synops_by_step);
    read("exits_per_step", result.exits_after);
    read("mean_exit_step", result.mean_steps);
    read("replay_bin_us", result.replay_bin_us);
    read("mean_timesteps", result.mean_steps);
}

void read_origin(const Json& json, EvaluationResult& result) {
    const Reader read(json);
    read("network_file", result.network_file);
    read("weights", result.weights);
    read("network_notes", result.network_notes);
    read("data", result.data);
    read("data_set", result.data_set);
    read("split", result.split);
    read("seed", result.seed);
    read("threads", result.threads);
    read("processes", result.processes);
    read("engine", result.engine);
    read("command", result.command_line);
    read("versions", result.versions);
}

Json measurements_to_json(const EvaluationResult& result) {
    Json json = {{"title", result.title},
                 {"accuracy", result.accuracy},
                 {"accuracy_standard_error", result.accuracy_error},
                 {"correct", result.correct},
                 {"samples", result.samples},
                 {"timesteps", result.timesteps},
                 {"latency_steps", result.latency_steps},
                 {"pipelined_steps_per_image", result.pipelined_steps_per_image},
                 {"membrane_banks", result.membrane_banks},
                 {"neurons", result.neurons},
                 {"spikes_per_sample", result.spikes},
                 {"spikes_per_neuron", result.spikes_per_neuron},
                 {"fired_fraction", result.fired_fraction},
                 {"fired_fraction_layer_mean", result.fired_fraction_layer_mean},
                 {"synops_per_sample", result.synops},
                 {"synops_nominal_per_sample", result.synops_nominal},
                 {"macs_per_sample", result.macs},
                 {"float_macs_per_sample", result.float_macs},
                 {"energy_pj", result.energy_pj},
                 {"float_energy_pj", result.float_energy_pj},
                 {"null_weight_fraction", result.null_weight_fraction},
                 {"normalized_operations", result.normalized_operations},
                 {"efficiency_eq6", result.efficiency_eq6},
                 {"seconds", result.seconds},
                 {"images_per_second", result.images_per_second}};
    if (result.passes > 0) json["passes"] = result.passes;
    if (result.efficiency_eq6_int8 > 0) {
        json["efficiency_eq6_int8"] = result.efficiency_eq6_int8;
        json["efficiency_eq6_int8_multiplier_only"] = result.efficiency_eq6_int8_multiplier_only;
    }
    if (!result.accuracy_per_step.empty()) json["accuracy_per_step"] = result.accuracy_per_step;
    if (!result.synops_by_step.empty()) json["synops_by_step"] = result.synops_by_step;
    if (!result.exits_after.empty()) {
        json["exits_per_step"] = result.exits_after;
        json["mean_exit_step"] = result.mean_steps;
    }
    if (result.replay_bin_us > 0) {
        json["replay_bin_us"] = result.replay_bin_us;
        json["mean_timesteps"] = result.mean_steps;
    }
    return json;
}

}  // namespace

Json to_json(const EvaluationResult& result) {
    Json json = measurements_to_json(result);
    json["layers"] = Json::array();
    for (const LayerResult& layer : result.layers) json["layers"].push_back(layer_to_json(layer));
    if (result.crossbars.rows > 0) json["crossbars"] = crossbars_to_json(result.crossbars);
    json.update(coding_to_json(result.coding));
    json["energy_constants"] = {{"name", result.energy.constants},
                                {"mac_pj", result.energy.mac_pj},
                                {"ac_pj", result.energy.ac_pj},
                                {"first_layer", result.energy.first_layer}};
    json["network_file"] = result.network_file;
    json["weights"] = result.weights;
    json["network_notes"] = result.network_notes;
    json["data"] = result.data;
    json["data_set"] = result.data_set;
    json["split"] = result.split;
    json["seed"] = result.seed;
    json["threads"] = result.threads;
    json["processes"] = result.processes;
    json["engine"] = result.engine;
    json["command"] = result.command_line;
    json["versions"] = result.versions;
    return json;
}

EvaluationResult evaluation_from_json(const std::string& text, const std::string& name) {
    try {
        const Json json = Json::parse(text);
        EvaluationResult result;
        read_measurements(json, result);
        read_origin(json, result);
        read_coding(json, result.coding);
        if (json.contains("energy_constants")) read_energy(json["energy_constants"], result.energy);
        if (json.contains("crossbars")) read_crossbars(json["crossbars"], result.crossbars);
        if (json.contains("layers"))
            for (const Json& layer : json["layers"])
                result.layers.push_back(layer_from_json(layer));
        return result;
    } catch (const Json::exception& error) {
        fail(Fault::bad_input, "{}: not a result of an evaluation: {}", name, error.what());
    }
}

std::string json_text(const Json& json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ranvier
