#include "ranvier/stdp/model_file.hpp"

#include "ranvier/base/error.hpp"
#include "ranvier/base/file.hpp"
#include "ranvier/net/strict_json.hpp"
#include "ranvier/stdp/option_names.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace ranvier {

namespace {

using Json = nlohmann::json;

const std::string& text_at(const Safetensors& content, const char* key, const std::string& name) {
    const auto found = content.metadata.find(key);
    if (found == content.metadata.end())
        fail(Fault::bad_input, "{}: is no STDP model: its metadata lack '{}'", name, key);
    return found->second;
}

StdpOptions options_from(const Json& json, const std::string& name) {
    StdpOptions options;
    if (!json.is_object()) fail(Fault::bad_input, "{}: the options must be an object", name);
    const std::string form = json.contains("form") && json["form"].is_string()
                                 ? json["form"].get<std::string>()
                                 : std::string();
    if (form != "conductance" && form != "current")
        fail(Fault::bad_input, "{}: form is '{}'; it must be conductance or current", name, form);
    options.form = form == "current" ? LeakyForm::current : LeakyForm::conductance;
    visit_options(options, [&](const std::string& key, auto& value) {
        const auto found = json.find(key);
        if (found == json.end() || !found->is_number())
            fail(Fault::bad_input, "{}: the options have no number '{}'", name, key);
        const auto wide = found->get<double>();
        if (!(std::abs(wide) <= 1e30))
            fail(Fault::bad_input, "{}: option '{}' is {}", name, key, wide);
        if constexpr (std::is_integral_v<std::remove_reference_t<decltype(value)>>)
            value = static_cast<int>(std::clamp(wide, -2e9, 2e9));
        else
            value = static_cast<float>(wide);
    });
    require_usable(options);
    return options;
}

Shape shape_from(const Json& json, const std::string& name) {
    if (!json.is_array() || json.size() != 3)
        fail(Fault::bad_input, "{}: input must be [channels, height, width]", name);
    std::array<std::int64_t, 3> dims{};
    for (std::size_t d = 0; d < 3; ++d) {
        dims[d] = json[d].is_number_integer() ? json[d].get<std::int64_t>() : 0;
        if (dims[d] < 1 || dims[d] > 65536)
            fail(Fault::bad_input, "{}: input must be three sizes in [1, 65536]", name);
    }
    return {dims[0], dims[1], dims[2]};
}

const Tensor& tensor_at(const Safetensors& content, const char* key,
                        const std::vector<std::int64_t>& dims, const std::string& name) {
    const auto found = content.tensors.find(key);
    if (found == content.tensors.end() || found->second.dims != dims)
        fail(Fault::bad_input, "{}: tensor '{}' is missing or has the wrong shape", name, key);
    for (const float v : found->second.values)
        if (!std::isfinite(v))
            fail(Fault::bad_input, "{}: tensor '{}' holds {}; all must be finite", name, key, v);
    return found->second;
}

void read_weights(const Tensor& weights, StdpModel& model) {
    for (std::size_t i = 0; i < model.n_inputs(); ++i)
        for (std::size_t j = 0; j < model.n_neurons(); ++j) {
            const float w = weights.values[i * model.n_neurons() + j];
            model.weights.at(i, j) = std::max(w, 0.0F);
            if (w >= 0) continue;
            model.alive.remove(i, j);
            --model.fan_out[i];
        }
}

}  // namespace

std::string options_json(const StdpOptions& options) {
    nlohmann::ordered_json json = {{"form", form_name(options.form)}};
    visit_options(options,
                  [&json](const std::string& key, const auto& value) { json[key] = value; });
    return json.dump();
}

Safetensors model_tensors(const StdpModel& model) {
    const auto n_inputs = static_cast<std::int64_t>(model.n_inputs());
    const auto n = static_cast<std::int64_t>(model.n_neurons());
    Tensor weights({n_inputs, n});
    for (std::size_t i = 0; i < model.n_inputs(); ++i)
        for (std::size_t j = 0; j < model.n_neurons(); ++j)
            weights.values[i * model.n_neurons() + j] =
                model.alive.at(i, j) ? model.weights.at(i, j) : -1.0F;
    Safetensors content;
    content.tensors["weights"] = std::move(weights);
    content.tensors["theta"] = Tensor({n}, model.theta);
    content.int32["updates"] = {model.updates.begin(), model.updates.end()};
    content.metadata["stdp_options"] = options_json(model.options);
    content.metadata["input"] =
        Json({model.input.channels, model.input.height, model.input.width}).dump();
    content.metadata["seed"] = std::to_string(model.seed);
    return content;
}

StdpModel model_from_tensors(const Safetensors& content, const std::string& name) {
    const std::string where = name + ": stdp_options";
    const StdpOptions options =
        options_from(parse_strict_json(text_at(content, "stdp_options", name), where), where);
    const Shape input =
        shape_from(parse_strict_json(text_at(content, "input", name), name + ": input"), name);
    const std::string& seed_text = text_at(content, "seed", name);
    std::uint64_t seed = 0;
    const auto end = seed_text.data() + seed_text.size();
    if (std::from_chars(seed_text.data(), end, seed).ptr != end)
        fail(Fault::bad_input, "{}: seed is '{}'; it must be a whole number", name, seed_text);
    const Tensor& weights = tensor_at(content, "weights", {input.size(), options.n_neurons}, name);
    StdpModel model = make_stdp_model(options, input, seed);
    read_weights(weights, model);
    model.theta = tensor_at(content, "theta", {options.n_neurons}, name).values;
    const auto updates = content.int32.find("updates");
    if (updates == content.int32.end() || updates->second.size() != model.n_neurons())
        fail(Fault::bad_input, "{}: tensor 'updates' is missing or has the wrong size", name);
    std::copy(updates->second.begin(), updates->second.end(), model.updates.begin());
    return model;
}

void save_stdp_model(const StdpModel& model, const std::filesystem::path& file) {
    write_file(file, encode_safetensors(model_tensors(model)));
}

StdpModel load_stdp_model(const std::filesystem::path& file) {
    return model_from_tensors(decode_safetensors(read_file(file), file.string()), file.string());
}

Network synapses_as_network(const StdpModel& model) {
    Linear linear;
    const auto n_inputs = static_cast<std::int64_t>(model.n_inputs());
    linear.weight = Tensor({static_cast<std::int64_t>(model.n_neurons()), n_inputs});
    std::vector<float> row(model.n_inputs());
    for (std::size_t j = 0; j < model.n_neurons(); ++j) {
        model.weights.read_neuron(j, row);
        std::copy(row.begin(), row.end(),
                  linear.weight.values.begin() + static_cast<std::ptrdiff_t>(j * row.size()));
    }
    Network network;
    network.layers = {{"input", {}, Input{model.input, {}, {}}},
                      {"pixels", {0}, Flatten{}},
                      {"synapses", {1}, std::move(linear)},
                      {"output", {2}, Output{}}};
    network.notes["source"] = "synapses of a two-layer network trained with STDP";
    network.notes["stdp_options"] = options_json(model.options);
    return network;
}

}  // namespace ranvier
