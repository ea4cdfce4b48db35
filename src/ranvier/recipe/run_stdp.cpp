#include "ranvier/recipe/run_stdp.hpp"

#include "ranvier/base/file.hpp"
#include "ranvier/energy/crossbar.hpp"
#include "ranvier/recipe/version.hpp"
#include "ranvier/stdp/fields.hpp"
#include "ranvier/stdp/model_file.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ranvier {

namespace {

using Json = nlohmann::ordered_json;

double per(std::uint64_t total, std::uint64_t n) {
    return n == 0 ? 0 : static_cast<double>(total) / static_cast<double>(n);
}

/// Means per image; docs/energy.md defines them.
Json counts_json(const StdpCounts& counts, const StdpModel& model) {
    const std::uint64_t n = counts.images;
    const auto neurons = static_cast<double>(model.n_neurons());
    return {{"images", n},
            {"shows_per_image", per(counts.shows, n)},
            {"input_spikes_per_image", per(counts.input_spikes, n)},
            {"synaptic_events_per_image", per(counts.synaptic_events, n)},
            {"dense_events_per_image", per(counts.input_spikes * model.n_neurons(), n)},
            {"excitatory_spikes_per_image", per(counts.excitatory_spikes, n)},
            {"inhibitory_spikes_per_image", per(counts.inhibitory_spikes, n)},
            {"lateral_events_per_image",
             per(counts.excitatory_spikes, n) + per(counts.inhibitory_spikes, n) * (neurons - 1)}};
}

/// What runs once the weights are fixed.
class Measurement {
public:
    Measurement(const StdpStage& stage, const DataOptions& data, const RunContext& context)
        : stage_(stage),
          context_(context),
          label_(open(data, Split::train, stage.label_images)),
          test_(open(data, Split::test, stage.test_images)) {}

    static std::unique_ptr<Samples> open(DataOptions data, Split split, std::size_t limit) {
        data.split = split;
        data.limit = limit;
        return open_dataset(data);
    }

    [[nodiscard]] Voting votes_of(const StdpModel& model) const {
        return {class_responses(model, *label_, context_.n_threads, *context_.progress),
                stage_.readout};
    }

    [[nodiscard]] Json run(const StdpModel& model, const Voting& voting) const {
        const StdpEvaluation result =
            evaluate_stdp(model, voting, *test_, context_.n_threads, *context_.progress);
        const double n = static_cast<double>(result.counts.images);
        Json json = {
            {"accuracy", result.accuracy()},
            {"accuracy_standard_error", std::sqrt(result.accuracy() * (1 - result.accuracy()) / n)},
            {"correct", result.correct},
            {"samples", result.counts.images}};
        json.update(counts_json(result.counts, model));
        json["conducting_events_per_image"] =
            per(result.counts.conducting_events, result.counts.images);
        json["silent_neurons"] = std::count(voting.labels().begin(), voting.labels().end(), -1);
        json["test_seconds"] = result.seconds;
        return json;
    }

    /// With weights as they would be on devices that vary; the neurons keep their classes.
    [[nodiscard]] Json vary(const StdpModel& model, const Voting& voting) const {
        Json rows = Json::array();
        for (const float sigma : stage_.device_sigma) {
            StdpModel varied = model;
            vary_devices(varied, sigma, context_.seed);
            const StdpEvaluation result =
                evaluate_stdp(varied, voting, *test_, context_.n_threads, *context_.progress);
            rows.push_back({{"sigma", sigma}, {"accuracy", result.accuracy()}});
        }
        return rows;
    }

    [[nodiscard]] std::string describe() const { return test_->describe(); }

private:
    const StdpStage& stage_;
    const RunContext& context_;
    std::unique_ptr<Samples> label_, test_;
};

Json training_json(const StdpTraining& training) {
    Json json = counts_json(training.counts, training.model);
    json["seconds"] = training.seconds;
    json["ms_per_image"] =
        1e3 * training.seconds / std::max(1.0, static_cast<double>(training.trained_here));
    return json;
}

Json synapses_json(const StdpModel& model, const PruneOptions& prune) {
    const double all =
        static_cast<double>(model.n_inputs()) * static_cast<double>(model.n_neurons());
    Json json = {{"inputs", model.n_inputs()},
                 {"neurons", model.n_neurons()},
                 {"crosspoints", all},
                 {"crosspoints_kept", model.n_synapses()},
                 {"kept", static_cast<double>(model.n_synapses()) / all}};
    const std::vector<std::uint32_t> conducting = model.conducting();
    json["crosspoints_conducting"] =
        std::accumulate(conducting.begin(), conducting.end(), std::uint64_t{0});
    if (prune.kind != PruneKind::none) json["levels"] = prune.levels;
    return json;
}

/// On arrays of a usual size; weights are not negative.
Json crossbars_json(const Network& synapses) {
    const CrossbarMap map = map_onto_crossbars(synapses, {128, 128, CrossbarScheme::plain});
    return {{"rows", map.options.rows},
            {"columns", map.options.columns},
            {"arrays", map.arrays},
            {"rows_used", map.layers[0].rows},
            {"cells", map.cells},
            {"cells_kept", map.cells_kept},
            {"utilization", map.utilization}};
}

/// How much less the pruned network takes than the other one.
Json comparison_json(const Json& mine, const Json& other, const std::string& name) {
    const auto ratio = [&](const char* key) {
        return other.at(key).get<double>() / std::max(mine.at(key).get<double>(), 1e-30);
    };
    return {{"with", name},
            {"energy_ratio", ratio("synaptic_events_per_image")},
            {"area_ratio", ratio("crosspoints_kept")},
            {"energy_ratio_conducting", ratio("conducting_events_per_image")},
            {"area_ratio_conducting", ratio("crosspoints_conducting")},
            {"accuracy_difference",
             mine.at("accuracy").get<double>() - other.at("accuracy").get<double>()}};
}

}  // namespace

StdpOutcome run_stdp_stage(const StdpStage& stage, const DataOptions& data,
                           const std::filesystem::path& folder, const Json& compared,
                           const RunContext& context) {
    for (const float sigma : stage.device_sigma) require_usable_sigma(sigma);
    const auto train_set = Measurement::open(data, Split::train, stage.limit);
    const Measurement measurement(stage, data, context);
    StdpTrainOptions options = stage.training;
    options.checkpoint = folder / "checkpoint";
    StdpTraining training =
        train_stdp(make_stdp_model(stage.options, train_set->shape(), context.seed), *train_set,
                   options, *context.progress);
    const auto draw = [&](const char* name) {
        if (stage.pictures) write_file(folder / name, encode_png(draw_fields(training.model)));
    };
    draw("fields.png");
    save_stdp_model(training.model, folder / "model.safetensors");

    const Voting voting = measurement.votes_of(training.model);
    Json json = measurement.run(training.model, voting);
    json["timesteps"] = stage.options.steps;
    json.update(synapses_json(training.model, options.prune));
    if (!stage.compare.empty()) json["compared"] = comparison_json(json, compared, stage.compare);
    if (!stage.device_sigma.empty())
        json["device_variation"] = measurement.vary(training.model, voting);
    json["crossbars"] = crossbars_json(synapses_as_network(training.model));
    json["crossbars"]["cells_read_per_sample"] = json["conducting_events_per_image"];
    json["training"] = training_json(training);
    json["options"] = Json::parse(options_json(stage.options));
    json["data"] = {{"test", measurement.describe()}, {"train", train_set->describe()}};
    json["seed"] = context.seed;
    json["command"] = context.command_line;
    json["versions"] = versions();
    return {synapses_as_network(training.model), std::move(json)};
}

}  // namespace ranvier
