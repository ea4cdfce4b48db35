#include "ranvier/base/parallel.hpp"
#include "ranvier/convert/base_choice.hpp"
#include "ranvier/convert/rescale.hpp"
#include "ranvier/energy/spike_costs.hpp"
#include "ranvier/engine/fast_engine.hpp"
#include "ranvier/engine/replay.hpp"
#include "ranvier/net/int8_weights.hpp"
#include "ranvier/recipe/crossbar_result.hpp"
#include "ranvier/recipe/on_samples.hpp"
#include "ranvier/recipe/shared_evaluation.hpp"
#include "ranvier/recipe/stages.hpp"
#include "ranvier/recipe/version.hpp"
#include "ranvier/sim/float_engine.hpp"
#include "ranvier/sim/latency.hpp"

#include <cmath>
#include <map>
#include <utility>

namespace ranvier {

namespace {

std::vector<const Neuron*> spiking_neurons(const Network& network) {
    std::vector<const Neuron*> neurons;
    for (const Layer& layer : network.layers)
        if (const auto* activation = layer.as<Activation>();
            activation != nullptr && activation->neuron.spiking())
            neurons.push_back(&activation->neuron);
    return neurons;
}

void describe_bases(const std::vector<const Neuron*>& neurons, CodingResult& coding) {
    coding.base = neurons[0]->base;
    coding.threshold_shift = neurons[0]->threshold_shift;
    std::map<double, double> errors;  // by base
    for (const Neuron* neuron : neurons) {
        const double base = neuron->base;
        if (!errors.contains(base))
            errors[base] =
                code_error(base, coding.steps, {.threshold_shift = coding.threshold_shift});
        coding.mape += errors[base] / static_cast<double>(neurons.size());
        coding.bases.push_back(base);
    }
    if (errors.size() == 1) coding.bases.clear();
}

CodingResult describe_coding(const Network& network) {
    CodingResult coding;
    if (!network.spiking()) return coding;
    coding.input_coding = name_of(network.timing.input);
    coding.propagation = name_of(network.timing.propagation);
    coding.steps = network.timing.steps;
    coding.coding = "rate";
    const std::vector<const Neuron*> neurons = spiking_neurons(network);
    if (neurons.empty()) return coding;
    if (neurons[0]->kind == NeuronKind::one_spike) {
        coding.coding = "one_spike";
        coding.wait = network.timing.wait;
        describe_bases(neurons, coding);
    } else {
        coding.reset = name_of(neurons[0]->reset);
    }
    return coding;
}

const char* weights_name(const Network& network) {
    switch (summarize_weights(network)) {
        case WeightSummary::float32:
            return "float32";
        case WeightSummary::int8:
            return "int8";
        case WeightSummary::binary:
            return "binary";
        case WeightSummary::mixed:
            break;
    }
    return "mixed";
}

LedgerOptions ledger_options(const Network& network, const EvaluateRequest& request) {
    const bool int8 = summarize_weights(network) == WeightSummary::int8;
    EnergyConstants constants = fp32_45nm();
    if (request.energy == EnergyKind::int8 || (request.energy == EnergyKind::automatic && int8))
        constants = int8_45nm();
    if (request.energy == EnergyKind::int8_multiplier_only) constants = int8_multiplier_only_45nm();
    return {constants, request.first_layer};
}

LayerResult layer_result(const LayerLedger& layer, bool spiking) {
    const auto float_macs = static_cast<double>(layer.macs);
    return {.name = layer.name,
            .kind = layer.kind,
            .neurons = layer.neurons,
            .spikes = layer.spikes,
            .spikes_per_neuron = layer.spikes_per_neuron,
            .synops = layer.synops,
            .synops_nominal = layer.synops_nominal,
            .macs = spiking ? layer.spiking_macs : float_macs,
            .float_macs = float_macs,
            .input_rate = layer.input_rate,
            .energy_pj = layer.energy_pj};
}

void take_ledger(const Ledger& ledger, bool spiking, EvaluationResult& result) {
    result.neurons = ledger.neurons;
    result.spikes = ledger.spikes;
    result.spikes_per_neuron = ledger.spikes_per_neuron;
    result.fired_fraction = ledger.fired_fraction;
    result.fired_fraction_layer_mean = ledger.fired_fraction_layer_mean;
    result.synops = ledger.synops;
    result.synops_nominal = ledger.synops_nominal;
    result.macs = spiking ? ledger.spiking_macs : ledger.macs;
    result.float_macs = ledger.macs;
    result.energy_pj = ledger.energy_pj;
    result.float_energy_pj = ledger.float_energy_pj;
    result.normalized_operations = ledger.normalized_operations;
    result.efficiency_eq6 = ledger.efficiency_eq6;
    for (const LayerLedger& layer : ledger.layers)
        result.layers.push_back(layer_result(layer, spiking));
}

/// Documents classified right in one pass over a graph. @param logits  [1][n_classes * n_nodes].
std::size_t count_correct_nodes(const Tensor& logits, const Samples& samples,
                                const NodeLabels& labels) {
    const auto decided =
        node_decisions(logits.values, labels, static_cast<std::size_t>(samples.shape().height));
    std::size_t correct = 0;
    for (std::size_t k = 0; k < decided.size(); ++k)
        correct += static_cast<int>(decided[k]) == labels.label[k] ? 1 : 0;
    return correct;
}

/// A graph is one sample for the engines; what was classified are its documents.
void count_documents(const Tensor& logits, const Samples& samples, EvaluationResult& result) {
    const NodeLabels* labels = samples.node_labels();
    if (labels == nullptr) return;
    result.passes = 1;
    result.samples = labels->node.size();
    result.correct = count_correct_nodes(logits, samples, *labels);
    result.accuracy = result.samples == 0 ? 0
                                          : static_cast<double>(result.correct) /
                                                static_cast<double>(result.samples);
}

void evaluate_float_into(const Network& network, const std::shared_ptr<const Samples>& samples,
                         const EvaluateRequest& request, const RunContext& context,
                         EvaluationResult& result, Tensor* logits) {
    FloatOptions options;
    options.n_threads = context.n_threads;
    options.keep_logits = samples->node_labels() != nullptr || logits != nullptr;
    FloatResult run =
        evaluate_float_shared(network, samples, options, *context.progress, *context.processes);
    result.samples = run.samples;
    result.correct = run.correct;
    result.accuracy = run.accuracy();
    result.seconds = run.seconds;
    result.engine = "float";
    count_documents(run.logits, *samples, result);
    take_ledger(float_ledger(network, ledger_options(network, request)), false, result);
    if (logits != nullptr) *logits = std::move(run.logits);
}

/// What simulates, and its name.
SimulationResult simulate(const Network& network, const std::shared_ptr<const Samples>& samples,
                          const EvaluateRequest& request, const SimulationOptions& options,
                          const RunContext& context, std::string& engine_name) {
    if (request.replay) {
        engine_name = "fast, replay";
        return replay_events(network, *samples, options, *context.progress);
    }
    const auto engine = make_spiking_engine(network, request.engine);
    engine_name = engine->name();
    return run_shared(*engine, samples, options, *context.progress, *context.processes);
}

void evaluate_spiking_into(const Network& network, const std::shared_ptr<const Samples>& samples,
                           const EvaluateRequest& request, const RunContext& context,
                           EvaluationResult& result, Tensor* logits) {
    SimulationOptions options;
    options.seed = context.seed;
    options.n_threads = context.n_threads;
    options.steps = request.steps;
    options.exit = request.exit;
    options.keep_logits = samples->node_labels() != nullptr || logits != nullptr;
    SpikeCosts costs;
    if (result.coding.coding == "rate" && samples->node_labels() == nullptr) {
        costs = spike_costs(network, network.timing.input == InputCoding::poisson ||
                                         (request.replay && input_is_sparse(network)));
        options.spike_costs = &costs;
    }
    SimulationResult run = simulate(network, samples, request, options, context, result.engine);
    result.samples = run.samples;
    result.correct = run.correct();
    result.accuracy = run.accuracy();
    result.timesteps = run.steps;
    const Latency latency = latency_of(network);
    result.latency_steps = run.latency;
    result.pipelined_steps_per_image =
        result.coding.coding == "rate" ? run.steps : latency.per_image;
    result.membrane_banks = latency.membrane_banks;
    result.seconds = run.seconds;
    if (request.replay) result.replay_bin_us = request.data.frames.bin_us;
    if (request.exit.kind != ExitRule::Kind::none) result.exits_after = run.exits_after;
    result.mean_steps = run.mean_steps();
    count_documents(run.logits, *samples, result);
    if (logits != nullptr) *logits = std::move(run.logits);
    if (request.steps > 0 || request.replay) result.coding.steps = run.steps;
    // A graph is one sample whose class means nothing.
    if (result.coding.coding == "rate" && run.samples > 0 && samples->node_labels() == nullptr)
        for (const std::uint64_t correct : run.correct_after)
            result.accuracy_per_step.push_back(static_cast<double>(correct) /
                                               static_cast<double>(run.samples));
    std::uint64_t cost = 0;
    for (const std::uint64_t step : run.cost_at)
        result.synops_by_step.push_back(static_cast<double>(cost += step) /
                                        static_cast<double>(run.samples));
    take_ledger(spiking_ledger(network, run, ledger_options(network, request)), true, result);
    if (summarize_weights(network) != WeightSummary::int8) return;
    const auto efficiency = [&](const EnergyConstants& constants) {
        return spiking_ledger(network, run, {constants, request.first_layer}).efficiency_eq6;
    };
    result.efficiency_eq6_int8 = efficiency(int8_45nm());
    result.efficiency_eq6_int8_multiplier_only = efficiency(int8_multiplier_only_45nm());
}

void require_fitting(const Network& network, const EvaluateRequest& request,
                     const CodingResult& coding) {
    if (request.exit.kind != ExitRule::Kind::none && coding.coding != "rate")
        fail(Fault::usage, "evaluate: early exit is for rate coding; {} is not",
             request.network_file);
    if (!std::isfinite(request.exit.threshold) ||
        (request.exit.kind == ExitRule::Kind::none && request.exit.threshold != 0))
        fail(Fault::usage,
             "evaluate: an exit threshold is a finite number and needs a rule; add --exit maximum "
             "or "
             "--exit margin (in a recipe exit = \"margin\")");
    if (request.steps > 0 && !network.spiking())
        fail(Fault::usage, "evaluate: --steps is for spiking networks; {} is a float network",
             request.network_file);
    if (request.engine != EngineKind::automatic && !network.spiking())
        fail(Fault::usage, "evaluate: --engine is for spiking networks; {} is a float network",
             request.network_file);
    if (request.steps > 0 && coding.coding == "one_spike")
        fail(Fault::usage,
             "evaluate: --steps cannot change a one_spike network, whose weights depend on it; "
             "convert again with other --steps");
}

/// Replays are of recordings, by rate-coded networks, in the fast engine.
void require_replayable(const Network& network, const EvaluateRequest& request,
                        const CodingResult& coding, const Samples& samples) {
    if (samples.timed() && coding.coding == "one_spike")
        fail(Fault::unsupported,
             "evaluate: one_spike codes pixels in [0, 1], but {} has counts of events; convert "
             "with --coding rate",
             request.data.set);
    if (!request.replay) return;
    if (!network.spiking())
        fail(Fault::usage, "evaluate: --replay is for spiking networks; {} is a float network",
             request.network_file);
    if (request.engine != EngineKind::automatic && request.engine != EngineKind::fast)
        fail(
            Fault::usage,
            "evaluate: --replay runs in the fast engine; leave out --engine, or say --engine fast");
}

void describe_run(const Network& network, const EvaluateRequest& request, const RunContext& context,
                  const Samples& samples, EvaluationResult& result) {
    result.title = request.title.empty() ? result.coding.coding : request.title;
    result.network_file = request.network_file;
    result.network_notes = network.notes;
    result.weights = weights_name(network);
    result.data = samples.describe();
    result.data_set = request.data.set;
    result.split = name_of(request.data.split);
    result.seed = context.seed;
    result.threads = thread_count(context.n_threads);
    result.processes = context.processes->size();
    result.command_line = context.command_line;
    result.versions = versions();
    const EnergyConstants constants = ledger_options(network, request).constants;
    result.energy = {constants.name, constants.mac_pj, constants.ac_pj,
                     name_of(request.first_layer)};
}

}  // namespace

EvaluationResult evaluate_samples(const Network& network,
                                  const std::shared_ptr<const Samples>& samples,
                                  const EvaluateRequest& request, const RunContext& context,
                                  Tensor* logits) {
    EvaluationResult result;
    result.coding = describe_coding(network);
    require_fitting(network, request, result.coding);
    const NodeLabels* nodes = samples->node_labels();
    if (samples->size() == 0 || (nodes != nullptr && nodes->node.empty()))
        fail(Fault::bad_input, "evaluate: {} has no samples; choose another --data or --split",
             samples->describe());
    require_replayable(network, request, result.coding, *samples);
    describe_run(network, request, context, *samples, result);
    result.null_weight_fraction = null_weight_fraction(network);

    if (network.spiking())
        evaluate_spiking_into(network, samples, request, context, result, logits);
    else
        evaluate_float_into(network, samples, request, context, result, logits);

    samples->share_findings(*context.processes);
    if (request.crossbar)
        result.crossbars = crossbar_result(network, *request.crossbar, result.layers);
    result.data = samples->describe();  // again: it says what was found while reading
    if (result.samples > 0)
        result.accuracy_error = std::sqrt(result.accuracy * (1 - result.accuracy) /
                                          static_cast<double>(result.samples));
    if (result.seconds > 0)
        result.images_per_second = static_cast<double>(result.samples) / result.seconds;
    return result;
}

}  // namespace ranvier
