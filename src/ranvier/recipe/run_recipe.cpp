#include "ranvier/recipe/run_recipe.hpp"

#include "ranvier/base/file.hpp"
#include "ranvier/convert/rescale.hpp"
#include "ranvier/convert/simplify.hpp"
#include "ranvier/net/architectures.hpp"
#include "ranvier/net/counts.hpp"
#include "ranvier/net/model_file.hpp"
#include "ranvier/recipe/attack.hpp"
#include "ranvier/recipe/conversion.hpp"
#include "ranvier/recipe/run_stdp.hpp"
#include "ranvier/recipe/stage_folder.hpp"
#include "ranvier/recipe/version.hpp"
#include "ranvier/report/json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace ranvier {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

/// An architecture without random form: it needs the data's graph.
constexpr const char* text_gcn_name = "text_gcn";
/// Likewise: an stdp stage makes its network itself.
constexpr const char* stdp_name = "stdp";

Network first_network(const Recipe& recipe) {
    const NetworkSpec& spec = recipe.network;
    if (!spec.file.empty()) return run_import({spec.file, spec.mean, spec.std});
    // Their first stages make them.
    if (spec.architecture == text_gcn_name || spec.architecture == stdp_name) return {};
    DataOptions data = recipe.data;
    data.split = Split::train;
    data.shape = spec.input;
    const std::unique_ptr<Samples> samples = open_dataset(data);
    Input input{spec.input.value_or(samples->shape()), spec.mean, spec.std};
    const int classes = spec.classes > 0 ? spec.classes : samples->n_classes();
    return make_architecture(spec.architecture, input, classes, recipe.seed, spec.options);
}

/// @param penalty  on synaptic operations, or none: then nobody counted them.
Json train_json(const TrainResult& result, SynopPenalty penalty) {
    Json json = {{"epochs", Json::array()}};
    for (const EpochResult& epoch : result.epochs) {
        json["epochs"].push_back({{"epoch", epoch.epoch},
                                  {"loss", epoch.loss},
                                  {"accuracy", epoch.accuracy},
                                  {"learning_rate", epoch.learning_rate},
                                  {"images_per_second", epoch.images_per_second}});
        if (penalty != SynopPenalty::none) json["epochs"].back()["synops"] = epoch.synops;
        if (epoch.test_loss) json["epochs"].back()["test_loss"] = *epoch.test_loss;
        if (epoch.test_accuracy) json["epochs"].back()["test_accuracy"] = *epoch.test_accuracy;
    }
    return json;
}

void require_spiking(const Network& network) {
    if (!network.spiking())
        fail(Fault::bad_input,
             "fine_tune trains spiking networks through time, and this one is a float network; put "
             "a convert stage before it (preset hybrid, diet or iir), or use do = \"train\"");
}

void require_float(const Network& network) {
    if (network.spiking())
        fail(Fault::bad_input,
             "train is for float networks, and this one spikes, in {} timesteps; use do = "
             "\"fine_tune\", which trains it through them, or a stage from before the conversion "
             "(from = ...)",
             network.timing.steps);
}

/// What a stage leaves.
struct Outcome {
    Network network;
    Json result = Json::object();
};

/// Runs one stage: the network goes in, the outcome comes out.
class StageRunner {
public:
    StageRunner(const Recipe& recipe, const Stage& stage, const std::vector<StageFolder>& folders,
                const RunContext& context)
        : recipe_(recipe),
          stage_(stage),
          folders_(folders),
          folder_(folders[static_cast<std::size_t>(&stage - recipe.stages.data())]),
          context_(context) {}

    Outcome run(Network network) {
        if (network.layers.empty() && stage_.kind != "train_graph" && stage_.kind != "stdp")
            fail(Fault::bad_input, "architecture {} exists only after a stage {}; put one first",
                 recipe_.network.architecture,
                 recipe_.network.architecture == stdp_name ? "stdp" : "train_graph");
        return std::visit([&](const auto& work) { return run(std::move(network), work); },
                          stage_.work);
    }

private:
    /// What an earlier stage left.
    [[nodiscard]] Json result_of(const std::string& name) const {
        std::size_t s = 0;
        while (recipe_.stages[s].name != name) ++s;
        return Json::parse(read_file(folders_[s].result()));
    }

    [[nodiscard]] DataOptions data(Split split, std::size_t limit) const {
        DataOptions data = recipe_.data;
        data.split = split;
        data.limit = limit;
        return data;
    }

    Outcome run(Network network, const TrainStage& work) {
        stage_.kind == "fine_tune" ? require_spiking(network) : require_float(network);
        if (work.neuron) set_activations(network, *work.neuron);
        if (work.dropout) set_dropout(network, *work.dropout);
        if (work.steps > 0) network.timing.steps = work.steps;
        if (work.leak) set_leak(network, *work.leak);
        TrainRequest request{work.options, data(Split::train, work.limit)};
        request.options.checkpoint = folder_.checkpoint();
        request.options.last_good = folder_.last_good();
        request.options.curves = folder_.path();
        TrainResult trained = run_train(network, request, context_);
        Json json = train_json(trained, work.options.synop_loss);
        return {std::move(trained.network), std::move(json)};
    }

    Outcome run(const Network& /*network*/, const StdpStage& work) {
        Json compared;
        if (!work.compare.empty()) compared = result_of(work.compare);
        DataOptions images = data(Split::train, 0);
        images.shape = recipe_.network.input;
        StdpOutcome outcome = run_stdp_stage(work, images, folder_.path(), compared, context_);
        return {std::move(outcome.network), std::move(outcome.result)};
    }

    Outcome run(const Network& /*network*/, const TrainGraphStage& work) {
        GraphTrainResult trained = run_train_graph(work.options, data(Split::train, 0), context_);
        Json json = {{"epochs", Json::array()}};
        for (const GraphEpoch& epoch : trained.epochs)
            json["epochs"].push_back({{"epoch", epoch.epoch},
                                      {"loss", epoch.loss},
                                      {"accuracy", epoch.accuracy},
                                      {"validation_loss", epoch.validation_loss},
                                      {"validation_accuracy", epoch.validation_accuracy},
                                      {"seconds", epoch.seconds}});
        return {std::move(trained.network), std::move(json)};
    }

    Outcome run(Network network, const FoldStage& /*work*/) {
        fold_batch_norm(network);
        return {std::move(network)};
    }

    Outcome run(Network network, const QuantizeStage& work) {
        fold_batch_norm(network);
        quantize_weights(network, work.options);
        Json json = {{"notes", network.notes}};
        return {std::move(network), std::move(json)};
    }

    Outcome run(Network network, const RescaleStage& work) {
        DataOptions calibration = data(Split::train, work.calibrate);
        calibration.shape = network.input().shape;
        if (work.normalize) {
            MeasureOptions measure = work.measure;
            measure.n_threads = context_.n_threads;
            normalize_activations(network, *open_dataset(calibration), measure, *context_.progress);
        }
        float factor = work.first_layer;
        if (work.synops_per_mac > 0)
            factor = factor_for_synops(network, *open_dataset(calibration), work.synops_per_mac);
        scale_first_layer(network, factor);
        return {std::move(network), {{"first_layer", factor}}};
    }

    /// Sorbaro et al. 2020, section 2.3: without biases all activations grow with the factor.
    [[nodiscard]] float factor_for_synops(const Network& network, const Samples& samples,
                                          double synops_per_mac) const {
        double macs = 0;
        for (const LayerSize& size : layer_sizes(network)) macs += static_cast<double>(size.macs);
        const double synops =
            activation_synops(network, samples, context_.n_threads, *context_.progress);
        if (!(synops > 0))
            fail(Fault::bad_input,
                 "rescale: the network's activations are all 0 on {}, so that no factor gives them "
                 "{} SynOps per multiply-accumulate; give first_layer",
                 samples.describe(), synops_per_mac);
        return static_cast<float>(synops_per_mac * macs / synops);
    }

    Outcome run(const Network& network, const ConvertStage& work) {
        ConvertOutcome outcome = run_convert(
            network, {work.options, data(work.split, work.calibrate), work.max_loss, work.diagnose},
            context_);
        Json json = conversion_json(outcome);
        return {std::move(outcome.network), std::move(json)};
    }

    Outcome run(Network network, const EvaluateStage& work) {
        EvaluateRequest request;
        request.title = stage_.name;
        request.network_file = folder_.network().string();
        request.data = data(work.split, work.limit);
        request.steps = work.steps;
        request.energy = work.energy;
        request.first_layer = work.first_layer;
        request.engine = work.engine;
        request.exit = work.exit;
        request.replay = work.replay;
        request.crossbar = work.crossbar;
        EvaluationResult result = run_evaluate(network, request, context_);
        if (!work.layers) result.layers.clear();
        Json json = to_json(result);
        return {std::move(network), std::move(json)};
    }

    Outcome run(Network network, const AttackStage& work) {
        AttackRequest request{
            work, data(Split::test, work.limit), folder_.network().string(), nullptr, {}};
        Network other;
        if (stage_.also) other = load_network(folders_[*stage_.also].network());
        if (!stage_.also && !work.crafted_on.empty()) other = load_imported(work.crafted_on);
        if (!other.layers.empty()) request.crafted_on = &other;
        if (work.save_images) request.images = folder_.path() / "images";
        Json json = run_attack(network, request, context_);
        json["title"] = stage_.name;
        return {std::move(network), std::move(json)};
    }

    Outcome run(Network network, const ExportStage& work) {
        (void)run_export(network, folder_.path() / work.file, false);
        Json json = {{"file", (folder_.path() / work.file).string()}};
        return {std::move(network), std::move(json)};
    }

    const Recipe& recipe_;
    const Stage& stage_;
    const std::vector<StageFolder>& folders_;
    const StageFolder& folder_;
    const RunContext& context_;
};

/// A folder for each stage. Its hash covers the stage and all that it builds on: the network (a
/// file's content included), the data, the seed, and the stages it comes from.
std::vector<StageFolder> stage_folders(const Recipe& recipe, const fs::path& out) {
    std::string head = program_version() + "\n" + recipe.head;
    if (!recipe.network.file.empty()) head += text_hash(read_file(recipe.network.file));
    std::vector<StageFolder> folders;
    std::vector<std::string> hashes;
    for (std::size_t s = 0; s < recipe.stages.size(); ++s) {
        const Stage& stage = recipe.stages[s];
        std::string depends_on = stage.from ? hashes[*stage.from] : head;
        if (stage.also) depends_on += hashes[*stage.also];
        if (const auto* attack = std::get_if<AttackStage>(&stage.work);
            attack != nullptr && !stage.also && !attack->crafted_on.empty())
            depends_on += text_hash(read_file(attack->crafted_on));
        hashes.push_back(text_hash(depends_on + stage.text));
        folders.emplace_back(out / fmt::format("{:02}-{}", s + 1, stage.name), hashes.back());
    }
    return folders;
}

/// Whether the processes of a group work on such a stage together; the others are process 0's.
bool is_shared(const Stage& stage) {
    return stage.kind == "train" || stage.kind == "fine_tune" || stage.kind == "evaluate";
}

/// The network that a stage begins with. Process 0 has it and sends it to the others, which need
/// not see the folders.
Network stage_input(const Recipe& recipe, const Stage& stage,
                    const std::vector<StageFolder>& folders, ProcessGroup& processes) {
    Network network;
    if (processes.first())
        network = stage.from ? load_network(folders[*stage.from].network()) : first_network(recipe);
    if (processes.size() == 1 || !is_shared(stage)) return network;
    const std::string bytes = processes.first() ? encode_network(network) : "";
    return decode_network(processes.from_first(bytes), "the network of process 0");
}

void run_stage(const Recipe& recipe, std::size_t index, const std::vector<StageFolder>& folders,
               const RunContext& context) {
    const Stage& stage = recipe.stages[index];
    const StageFolder& folder = folders[index];
    ProcessGroup& processes = *context.processes;
    if (!processes.first() && !is_shared(stage)) return;
    if (processes.first()) folder.begin();
    Network network = stage_input(recipe, stage, folders, processes);
    Outcome outcome = StageRunner(recipe, stage, folders, context).run(std::move(network));
    if (!processes.first()) return;
    save_network(outcome.network, folder.network());
    outcome.result["stage"] = {{"do", stage.kind}, {"name", stage.name}, {"recipe", recipe.name}};
    write_file(folder.result(), json_text(outcome.result));
    folder.finish();
}

/// A name for an evaluation beside the keys of the result itself.
std::string free_key(const Json& json, const std::string& name) {
    return json.contains(name) ? name + "_result" : name;
}

/// Results of other stages that measure, by name.
std::vector<std::pair<std::string, Json>> other_results(const Recipe& recipe,
                                                        const std::vector<StageFolder>& folders) {
    std::vector<std::pair<std::string, Json>> results;
    for (std::size_t s = 0; s < folders.size(); ++s)
        if (recipe.stages[s].kind == "stdp" || recipe.stages[s].kind == "attack")
            results.emplace_back(recipe.stages[s].name,
                                 Json::parse(read_file(folders[s].result())));
    return results;
}

/// A stage in the whole result: its name and, of a conversion, its diagnosis.
Json stage_json(const Stage& stage, const StageFolder& folder) {
    Json json = {{"do", stage.kind}, {"name", stage.name}};
    if (stage.kind != "convert") return json;
    const Json result = Json::parse(read_file(folder.result()));
    if (result.contains("diagnosis")) json["diagnosis"] = result["diagnosis"];
    return json;
}

Json whole_result(const Recipe& recipe, const std::vector<StageFolder>& folders,
                  const std::vector<EvaluationResult>& evaluations) {
    Json json = Json::object();
    const auto others = other_results(recipe, folders);
    if (!others.empty()) json = others.back().second;
    if (!evaluations.empty()) json = to_json(evaluations.back());
    json["recipe"] = {{"name", recipe.name}, {"text", recipe.text}};
    json["stages"] = Json::array();
    for (std::size_t s = 0; s < folders.size(); ++s)
        json["stages"].push_back(stage_json(recipe.stages[s], folders[s]));
    for (const EvaluationResult& evaluation : evaluations)
        json[free_key(json, evaluation.title)] = to_json(evaluation);
    for (const auto& [name, result] : others) json[free_key(json, name)] = result;
    return json;
}

void require_same_recipe(const Recipe& recipe, ProcessGroup& processes) {
    if (processes.from_first(recipe.text) != recipe.text)
        fail(Fault::bad_input,
             "{}: process {} of {} was started with another recipe or other overrides than process "
             "0; start all with the same",
             recipe.name, processes.rank(), processes.size());
}

/// Process 0's opinion, for all.
bool decided(bool opinion, ProcessGroup& processes) {
    return !processes.from_first(opinion ? "yes" : "").empty();
}

}  // namespace

bool is_done(const Recipe& recipe, const fs::path& out) {
    const std::vector<StageFolder> folders = stage_folders(recipe, out);
    return fs::is_regular_file(out / "result.json") &&
           std::all_of(folders.begin(), folders.end(),
                       [](const StageFolder& folder) { return folder.done(); });
}

RecipeRunResult run_recipe(const Recipe& recipe, const RecipeRunOptions& options) {
    RunContext context = options.context;
    context.seed = recipe.seed;
    ProcessGroup& processes = *context.processes;
    std::optional<FolderLock> lock;
    if (processes.first()) lock.emplace(options.out);
    require_same_recipe(recipe, processes);
    const std::vector<StageFolder> folders = stage_folders(recipe, options.out);
    const auto say = [&](std::size_t s, std::string_view what) {
        if (options.say && processes.first())
            options.say(
                fmt::format("[{}/{}] {}: {}", s + 1, folders.size(), recipe.stages[s].name, what));
    };
    RecipeRunResult result;
    for (std::size_t s = 0; s < folders.size(); ++s) {
        if (decided(processes.first() && folders[s].done(), processes)) {
            say(s, "was done before");
        } else {
            say(s, recipe.stages[s].kind);
            with_context(fmt::format("stage '{}'", recipe.stages[s].name),
                         [&] { run_stage(recipe, s, folders, context); });
        }
        if (!processes.first()) continue;
        if (recipe.stages[s].kind == "attack")
            result.tables.push_back(recipe.stages[s].name + "\n" +
                                    attack_text(Json::parse(read_file(folders[s].result()))));
        if (recipe.stages[s].kind != "evaluate") continue;
        const fs::path file = folders[s].result();
        result.evaluations.push_back(evaluation_from_json(read_file(file), file.string()));
    }
    result.result_file = options.out / "result.json";
    if (!processes.first()) return result;
    remove_unfinished(result.result_file);  // of a run that was killed; the folder is locked
    write_file(result.result_file, json_text(whole_result(recipe, folders, result.evaluations)));
    return result;
}

}  // namespace ranvier
