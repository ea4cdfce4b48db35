#include "ranvier/recipe/recipe.hpp"

#include "ranvier/base/file.hpp"
#include "ranvier/recipe/convert_keys.hpp"
#include "ranvier/recipe/override.hpp"
#include "ranvier/recipe/table_reader.hpp"
#include "ranvier/recipe/training_keys.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace ranvier {

namespace {

constexpr std::uint64_t max_recipe_bytes = 1 << 20;
constexpr double huge = 1e30;                       ///< no limit but finite
constexpr std::int64_t max_us = 1'000'000'000'000;  ///< eleven days
constexpr std::int64_t max_seed = std::numeric_limits<std::int64_t>::max();

std::string text_of(const toml::node& node) {
    std::ostringstream text;
    text.imbue(std::locale::classic());
    node.visit([&text](const auto& value) { text << value; });
    return text.str();
}

NetworkSpec read_network(const toml::table& table, const std::string& file) {
    TableReader reader(table, file, "[network]");
    NetworkSpec spec;
    std::string path;
    reader.read("file", path);
    spec.file = path;
    reader.read("architecture", spec.architecture);
    std::vector<int> input;
    reader.read("input", input, 1);
    reader.read_integer("classes", spec.classes, 1);
    reader.read("width", spec.options.width, 0, 64);
    reader.read_name("pooling", spec.options.pooling);
    reader.read("batch_norm", spec.options.batch_norm);
    reader.read("mean", spec.mean);
    reader.read("std", spec.std);
    reader.finish();
    if (spec.file.empty() == spec.architecture.empty())
        fail(Fault::bad_input, "{}: [network]: give either file or architecture", file);
    for (const char* key : {"input", "classes", "width", "pooling", "batch_norm"})
        reader.require_use(key, spec.file.empty(), "architecture instead of file");
    if (!input.empty() && input.size() != 3)
        fail(Fault::bad_input, "{}: must be [channels, height, width]", reader.place("input"));
    if (!input.empty()) spec.input = Shape{input[0], input[1], input[2]};
    return spec;
}

/// [width, height] in pixels.
void read_size(TableReader& reader, const char* key, int& width, int& height) {
    std::vector<int> size;
    reader.read(key, size, 1);
    if (!size.empty() && (size.size() != 2 || size[0] > 1 << 14 || size[1] > 1 << 14))
        fail(Fault::bad_input, "{}: must be [width, height], each at most {}", reader.place(key),
             1 << 14);
    if (size.empty()) return;
    width = size[0];
    height = size[1];
}

void read_frames(TableReader& reader, DataOptions& data) {
    EventFrames& frames = data.frames;
    reader.read_name("polarity", frames.polarity);
    reader.read_integer("events", frames.events, 0);
    reader.read_integer("window_us", frames.window_us, 0, max_us);
    reader.read_integer("bin_us", frames.bin_us, 1, max_us);
    reader.read_integer("downsample", frames.downsample, 0, 1 << 14);
    reader.read_integer("per_recording", frames.per_recording, 0);
    read_size(reader, "crop", frames.crop_width, frames.crop_height);
    read_size(reader, "sensor", data.sensor_width, data.sensor_height);
}

/// The sensor before which digits move.
void read_simulator(TableReader& reader, DataOptions& data) {
    EventSensorOptions& sensor = data.simulator;
    const auto read = [&](const char* key, float& value, double low, double high) {
        double number = static_cast<double>(value);
        reader.read(key, number, low, high);
        value = static_cast<float>(number);
    };
    read("simulated_threshold", sensor.threshold, 0.01, 10);
    read("simulated_threshold_spread", sensor.threshold_spread, 0, 10);
    reader.read_integer("simulated_refractory_us", sensor.refractory_us, 0, 1'000'000'000);
    read("simulated_noise_hz", sensor.noise_hz, 0, 1e6);
    for (const char* key : {"simulated_threshold", "simulated_threshold_spread",
                            "simulated_refractory_us", "simulated_noise_hz"})
        reader.require_use(key, data.set.starts_with("moving-digits"), "set = \"moving-digits\"");
}

DataOptions read_data(const toml::table& table, const std::string& file, std::uint64_t seed) {
    TableReader reader(table, file, "[data]");
    DataOptions data;
    data.seed = seed;
    reader.read("set", data.set);
    std::string root = data.root.string();
    reader.read("root", root);
    data.root = root;
    reader.read_integer("resize", data.resize, 0, 1 << 16);
    reader.read_name("filter", data.filter);
    reader.read_integer("seed", data.seed, 0, max_seed);
    read_frames(reader, data);
    read_simulator(reader, data);
    reader.finish();
    if (data.set.empty())
        fail(Fault::bad_input, "{}: [data]: set is missing; for instance set = \"digits\"", file);
    return data;
}

TrainGraphStage read_train_graph(TableReader& reader) {
    TrainGraphStage stage;
    GraphTrainOptions& options = stage.options;
    reader.read_integer("hidden", options.hidden, 1, 1 << 16);
    reader.read_integer("epochs", options.epochs, 1, 100'000);
    reader.read("learning_rate", options.learning_rate, 0, huge);
    reader.read("dropout", options.dropout, 0, 1);
    reader.read_integer("patience", options.patience, 0, 100'000);
    return stage;
}

QuantizeStage read_quantize(TableReader& reader) {
    QuantizeStage stage;
    reader.read_name("weight_scale", stage.options.scale);
    reader.read_name("weight_rule", stage.options.rule);
    return stage;
}

RescaleStage read_rescale(TableReader& reader) {
    RescaleStage stage;
    double first_layer = 1;
    reader.read("first_layer", first_layer, 0, huge);
    stage.first_layer = static_cast<float>(first_layer);
    reader.read("synops_per_mac", stage.synops_per_mac, 0, 1e6);
    reader.require_use("first_layer", stage.synops_per_mac == 0, "synops_per_mac to be left out");
    reader.read("normalize", stage.normalize);
    reader.read_name("per", stage.measure.granularity);
    reader.read("percentile", stage.measure.percentile, 0, 100);
    reader.read_integer("calibrate", stage.calibrate, 1);
    for (const char* key : {"per", "percentile"})
        reader.require_use(key, stage.normalize, "normalize = true");
    reader.require_use("calibrate", stage.normalize || stage.synops_per_mac > 0,
                       "normalize = true, or synops_per_mac");
    return stage;
}

/// Keys of thresholds = "input_current" and of Poisson input.
void read_currents(TableReader& reader, ConvertOptions& options) {
    const auto read = [&](const char* key, float& value) {
        double number = static_cast<double>(value);
        reader.read(key, number, 0, huge);
        value = static_cast<float>(number);
    };
    CurrentOptions& currents = options.currents;
    reader.read_integer("calibration_steps", currents.steps, 1, 1 << 20);
    read("threshold_scale", currents.scale);
    read("residual_threshold", currents.residual);
    read("silent_threshold", currents.if_silent);
    read("input_rate", options.input_rate);
}

ConvertStage read_convert(TableReader& reader) {
    ConvertStage stage;
    ConvertOptions& options = stage.options;
    ConvertPreset preset = ConvertPreset::none;
    reader.read_name("preset", preset);
    options = with_preset(options, preset);  // the keys below change what it says
    stage.calibrate = calibration_samples(preset);
    read_currents(reader, options);
    reader.read_name("coding", options.coding);
    reader.read_integer("steps", options.steps, 1, 4096);
    reader.read_integer("wait", options.wait, -1, 4096);
    reader.read_name("input", options.input);
    reader.read_base("base", options.base);
    reader.read("threshold_shift", options.threshold_shift);
    reader.read_name("neuron", options.neuron);
    double lower_bound = 1;  // none
    reader.read("lower_bound", lower_bound, -huge, 0);
    if (lower_bound <= 0) options.lower_bound = static_cast<float>(lower_bound);
    reader.read_name("thresholds", options.thresholds);
    reader.read_integer("spread", options.spread, 1, 4096);
    reader.read_name("reset", options.reset);
    reader.read_name("propagation", options.propagation);
    reader.read_name("max_rule", options.max_rule);
    reader.read_name("max_pools", options.max_pools);
    reader.read("pool_neurons", options.pool_neurons);
    reader.read_name("placement", options.placement);
    reader.read_name("tune", options.tuning);
    reader.read_name("weights", options.weights);
    reader.read_name("weight_scale", options.quantize.scale);
    reader.read_name("weight_rule", options.quantize.rule);
    reader.read_name("per", options.measure.granularity);
    reader.read("percentile", options.measure.percentile, 0, 100);
    reader.read_name("percentile_method", options.measure.method);
    reader.read_name("split", stage.split);
    reader.read_integer("calibrate", stage.calibrate, 1);
    double max_loss = -1;
    reader.read("max_loss", max_loss, 0, 100);
    if (!(max_loss < 0)) stage.max_loss = max_loss;  // NaN is refused later, not forgotten
    reader.read("diagnose", stage.diagnose);
    const auto given = [&reader](const char* key) { return reader.has(key); };
    const ConvertRequest request{options, {}, stage.max_loss, stage.diagnose};
    if (const auto unused = unused_key(request, KeyStyle::toml, given))
        reader.require_use(unused->key.c_str(), false, unused->needs.c_str());
    return stage;
}

void read_crossbar(TableReader& reader, EvaluateStage& stage) {
    std::string size;
    CrossbarScheme scheme = CrossbarScheme::differential;
    reader.read("crossbar", size);
    reader.read_name("crossbar_scheme", scheme);
    if (!size.empty()) stage.crossbar = crossbar_options(size, scheme);
}

EvaluateStage read_evaluate(TableReader& reader) {
    EvaluateStage stage;
    reader.read_name("split", stage.split);
    reader.read_integer("limit", stage.limit, 0);
    reader.read_integer("steps", stage.steps, 0, 4096);
    reader.read_name("energy", stage.energy);
    reader.read_name("first_layer", stage.first_layer);
    reader.read_name("engine", stage.engine);
    reader.read_name("exit", stage.exit.kind);
    double threshold = 0;
    reader.read("exit_threshold", threshold, -1e30, 1e30);
    stage.exit.threshold = static_cast<float>(threshold);
    reader.read("replay", stage.replay);
    read_crossbar(reader, stage);
    reader.read("layers", stage.layers);
    return stage;
}

ExportStage read_export(TableReader& reader) {
    ExportStage stage;
    reader.read("file", stage.file);
    const std::filesystem::path file = stage.file;
    if (stage.file.empty() || file.filename() != file)
        fail(Fault::bad_input, "{}: is '{}'; it must be a file name without folders",
             reader.place("file"), stage.file);
    return stage;
}

/// It may be compared with an earlier stage of its kind.
StdpStage read_stdp(TableReader& reader, const std::vector<Stage>& earlier) {
    StdpStage stage = read_stdp_stage(reader);
    std::vector<std::string> names;
    for (const Stage& other : earlier)
        if (other.kind == "stdp") names.push_back(other.name);
    if (!stage.compare.empty() && std::ranges::find(names, stage.compare) == names.end())
        fail(Fault::bad_input, "{}: no earlier stdp stage is called '{}'{}",
             reader.place("compare"), stage.compare, suggestion(stage.compare, names));
    return stage;
}

/// Images may be crafted on an earlier stage's network.
AttackStage read_attack(TableReader& reader, const std::vector<Stage>& earlier,
                        std::optional<std::size_t>& also) {
    AttackStage stage = read_attack_stage(reader);
    if (stage.crafted_on.empty() || stage.crafted_on.ends_with(".safetensors")) return stage;
    std::vector<std::string> names;
    for (std::size_t s = 0; s < earlier.size(); ++s) {
        if (earlier[s].name == stage.crafted_on) also = s;
        names.push_back(earlier[s].name);
    }
    if (!also)
        fail(Fault::bad_input,
             "{}: no earlier stage is called '{}', and a model file ends in .safetensors{}",
             reader.place("crafted_on"), stage.crafted_on, suggestion(stage.crafted_on, names));
    return stage;
}

const std::vector<std::string>& stage_kinds() {
    static const std::vector<std::string> kinds = {
        "train",    "fine_tune", "train_graph", "fold_batch_norm", "quantize", "rescale", "convert",
        "evaluate", "export",    "stdp",        "attack"};
    return kinds;
}

void require_usable_name(const Stage& stage, const std::vector<Stage>& earlier,
                         const std::string& place) {
    const bool plain =
        stage.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
    if (stage.name.empty() || stage.name.size() > 60 || !plain)
        fail(Fault::bad_input,
             "{}: is '{}'; it becomes the name of a folder: use a-z, 0-9, _ and -", place,
             stage.name);
    for (const char* section : {"network", "data", "stage", "stages", "recipe"})
        if (stage.name == section)
            fail(Fault::bad_input, "{}: '{}' is the name of a section; use another", place,
                 stage.name);
    for (const Stage& other : earlier)
        if (other.name == stage.name)
            fail(Fault::bad_input,
                 "{}: an earlier stage is called '{}' already; give one of them another name",
                 place, stage.name);
}

/// Without `from` a stage continues with what the stage before it left.
std::optional<std::size_t> origin(TableReader& reader, const std::vector<Stage>& earlier) {
    std::string from;
    reader.read("from", from);
    if (from.empty()) return earlier.empty() ? std::nullopt : std::optional(earlier.size() - 1);
    if (from == "network") return std::nullopt;
    std::vector<std::string> names = {"network"};
    for (std::size_t s = 0; s < earlier.size(); ++s) {
        if (earlier[s].name == from) return s;
        names.push_back(earlier[s].name);
    }
    fail(Fault::bad_input, "{}: no earlier stage is called '{}'{}", reader.place("from"), from,
         suggestion(from, names));
}

Stage read_stage(const toml::table& table, const std::string& file,
                 const std::vector<Stage>& earlier) {
    Stage stage;
    TableReader reader(table, file, fmt::format("stage {}", earlier.size() + 1));
    reader.read("do", stage.kind);
    if (stage.kind.empty())
        fail(Fault::bad_input, "{}: is missing; for instance do = \"convert\"", reader.place("do"));
    stage.name = stage_name(table);
    reader.know("name");
    require_usable_name(stage, earlier, reader.place("name"));
    stage.from = origin(reader, earlier);
    stage.text = text_of(table);
    if (stage.kind == "train")
        stage.work = read_train(reader);
    else if (stage.kind == "fine_tune")
        stage.work = read_fine_tune(reader);
    else if (stage.kind == "train_graph")
        stage.work = read_train_graph(reader);
    else if (stage.kind == "fold_batch_norm")
        stage.work = FoldStage{};
    else if (stage.kind == "quantize")
        stage.work = read_quantize(reader);
    else if (stage.kind == "rescale")
        stage.work = read_rescale(reader);
    else if (stage.kind == "convert")
        stage.work = read_convert(reader);
    else if (stage.kind == "evaluate")
        stage.work = read_evaluate(reader);
    else if (stage.kind == "export")
        stage.work = read_export(reader);
    else if (stage.kind == "stdp")
        stage.work = read_stdp(reader, earlier);
    else if (stage.kind == "attack")
        stage.work = read_attack(reader, earlier, stage.also);
    else
        fail(Fault::bad_input, "{}: there is no stage '{}'{}", reader.place("do"), stage.kind,
             suggestion(stage.kind, stage_kinds()));
    reader.finish();
    return stage;
}

const toml::table& section(const toml::table& root, const char* key, const std::string& file) {
    const toml::node* node = root.get(key);
    if (node == nullptr || !node->is_table())
        fail(Fault::bad_input, "{}: the section [{}] is missing", file, key);
    return *node->as_table();
}

std::vector<Stage> read_stages(const toml::table& root, const std::string& file) {
    const toml::node* node = root.get("stage");
    if (node == nullptr || !node->is_array_of_tables())
        fail(Fault::bad_input, "{}: has no stages; each begins with [[stage]]", file);
    std::vector<Stage> stages;
    for (const toml::node& element : *node->as_array())
        stages.push_back(read_stage(*element.as_table(), file, stages));
    return stages;
}

/// Behind the string that begins at `at`: "", '', or three of either, which go over lines.
std::size_t end_of_string(std::string_view text, std::size_t at) {
    const char quote = text[at];
    const std::string whole(3, quote);
    const bool long_one = text.substr(at, 3) == whole;
    for (at += long_one ? 3 : 1; at < text.size(); ++at) {
        if (quote == '"' && text[at] == '\\') {
            ++at;
        } else if (!long_one && (text[at] == quote || text[at] == '\n')) {
            return at + 1;
        } else if (long_one && text.substr(at, 3) == whole) {
            at += 3;
            while (at < text.size() && text[at] == quote) ++at;  // those are part of the string
            return at;
        }
    }
    return text.size();
}

/// TOML has a table for each part of a key a.b.c; taking apart many thousands of them, one in the
/// other, would use up the stack.
void require_short_keys(std::string_view text, const std::string& name) {
    constexpr int most = 64;
    int dots = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == '#') {
            at = std::min(text.find('\n', at), text.size());
        } else if (c == '"' || c == '\'') {
            at = end_of_string(text, at);
        } else {
            if (std::string_view("\n=,[]{}").find(c) != std::string_view::npos) dots = 0;
            if (c == '.' && ++dots >= most)
                fail(Fault::bad_input, "{}:{}: not TOML of a recipe: a key of more than {} parts",
                     name, 1 + std::count(text.begin(), text.begin() + std::ptrdiff_t(at), '\n'),
                     most);
            ++at;
        }
    }
}

}  // namespace

Recipe parse_recipe(const std::string& text, const std::string& name,
                    const std::vector<std::string>& overrides) {
    require_short_keys(text, name);
    toml::table root;
    try {
        root = toml::parse(text, name);
    } catch (const toml::parse_error& error) {
        fail(Fault::bad_input, "{}:{}: not TOML: {}", name, error.source().begin.line,
             error.description());
    }
    for (const std::string& assignment : overrides) override_key(root, assignment, name);

    Recipe recipe;
    recipe.name = name;
    TableReader reader(root, name, "recipe");
    reader.read_integer("seed", recipe.seed, 0, max_seed);
    for (const char* key : {"network", "data", "stage"}) reader.know(key);
    reader.finish();
    recipe.network = read_network(section(root, "network", name), name);
    recipe.data = read_data(section(root, "data", name), name, recipe.seed);
    recipe.stages = read_stages(root, name);
    recipe.text = text_of(root);
    recipe.head = fmt::format("{}\n{}\n{}\n", recipe.seed, text_of(*root.get("network")),
                              text_of(*root.get("data")));
    return recipe;
}

Recipe load_recipe(const std::filesystem::path& file, const std::vector<std::string>& overrides) {
    return parse_recipe(read_file(file, max_recipe_bytes), file.string(), overrides);
}

}  // namespace ranvier
