#include "ranvier/base/file.hpp"
#include "ranvier/cli/shared_options.hpp"
#include "ranvier/net/model_file.hpp"
#include "ranvier/recipe/convert_keys.hpp"
#include "ranvier/report/json.hpp"
#include "ranvier/report/table.hpp"

#include <nlohmann/json.hpp>

namespace ranvier {

namespace {

struct ConvertCommand {
    std::string network;
    std::string output;
    ConvertOptions convert;
    DataArguments data;
    RunArguments run;
    std::size_t calibrate = calibration_samples(ConvertPreset::none);
    bool no_threshold_shift = false;
    std::optional<double> max_loss;
    bool diagnose = false;
    std::string json;
};

void run(const ConvertCommand& options, const CommandLine& line) {
    TerminalProgress progress;
    const Network network = load_imported(options.network);
    ConvertRequest request{options.convert,
                           options.data.options(options.calibrate, options.run.seed),
                           options.max_loss, options.diagnose};
    request.options.threshold_shift = !options.no_threshold_shift;
    const ConvertOutcome outcome =
        run_convert(network, request, options.run.context(line, progress));
    const Network& converted = outcome.network;
    progress.finish();
    if (!options.json.empty()) {
        nlohmann::ordered_json json = conversion_json(outcome);
        json["command"] = line.text;
        write_file(options.json, json_text(json));
    }
    save_network(converted, options.output);

    std::string text = fmt::format("{}: {} coding, {} steps, {} layers\n", options.output,
                                   name_of(options.convert.coding), converted.timing.steps,
                                   converted.layers.size());
    for (const auto& [key, value] : converted.notes)
        text += fmt::format("  {}: {}\n", printable(key), printable(value));
    print(text + conversion_text(outcome));
}

/// Why a word is no base; empty if it is one.
std::string refused_base(const std::string& word) {
    try {
        (void)base_named(word, "base");
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

/// First of all options: what it sets, those behind it may change.
void add_preset(CLI::App& command, ConvertCommand& options) {
    command
        .add_option_function<std::string>(
            "--preset",
            [&options](const std::string& word) {
                const auto preset = value_named<ConvertPreset>(word, "--preset");
                options.convert = with_preset(options.convert, preset);
                options.calibrate = calibration_samples(preset);
            },
            "What a paper converts with, to train further: hybrid (Poisson input, 100 steps), diet "
            "or iir (direct input, 5 steps); other options change it")
        ->check(CLI::IsMember(all_names<ConvertPreset>()))
        ->default_str("none")
        ->type_name("WORD");
}

void add_current_options(CLI::App& command, ConvertOptions& convert) {
    CurrentOptions& currents = convert.currents;
    const auto number = [&](const char* name, float& value, const char* help) {
        command.add_option(name, value, help)
            ->check(CLI::Range(0.0, 1e30))
            ->capture_default_str()
            ->type_name("X");
    };
    command
        .add_option("--calibration-steps", currents.steps,
                    "input_current: timesteps over which currents are measured")
        ->check(CLI::Range(1, 1 << 20))
        ->capture_default_str()
        ->type_name("N");
    number("--threshold-scale", currents.scale, "input_current: factor of the thresholds found");
    number("--residual-threshold", currents.residual,
           "input_current: threshold of residual blocks' neurons");
    number("--silent-threshold", currents.if_silent,
           "input_current: replaces a threshold of 0; 0: that is an error");
    number("--input-rate", convert.input_rate,
           "poisson: spikes per step of a normalized pixel of 1");
}

void add_coding_options(CLI::App& command, ConvertCommand& options) {
    ConvertOptions& convert = options.convert;
    add_preset(command, options);
    add_choice(command, "--coding", convert.coding, "How spikes carry values: rate or one_spike");
    command.add_option("--steps", convert.steps, "rate: timesteps; one_spike: phases T per layer")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str()
        ->type_name("N");
    command
        .add_option_function<std::string>(
            "--base",
            [&convert](const std::string& word) { convert.base = base_named(word, "--base"); },
            "one_spike: Q, the ratio of two neighboring phases' values, in (1, 16]; auto: the one "
            "with the least expected error for --steps")
        ->check(CLI::Validator(refused_base, ""))
        ->default_str(fmt::format("{}", convert.base))
        ->type_name("Q");
    command
        .add_option("--wait", convert.wait,
                    "one_spike: phases W that a layer waits before it may fire; -1: as --steps")
        ->check(CLI::Range(-1, 4096))
        ->capture_default_str()
        ->type_name("N");
    add_choice(command, "--input", convert.input,
               "one_spike: pixels as several spikes (binary_phase) or one (one_spike_phase); rate: "
               "poisson, else direct (the image repeated at every step as a constant current; see "
               "also --spread)");
    command.add_flag("--no-threshold-shift", options.no_threshold_shift,
                     "one_spike: round down to a phase's value instead of to the nearest");
    add_choice(command, "--neuron", convert.neuron,
               "rate: integrate_fire (a spike a step at most) or multi_spike; with --thresholds "
               "input_current: leaky_delayed or leaky_same_step");
    command
        .add_option("--lower-bound", convert.lower_bound,
                    "multi_spike: the membrane never falls below this, at most 0; none if left out")
        ->check(CLI::Range(-1e30, 0.0))
        ->type_name("U");
    add_choice(
        command, "--thresholds", convert.thresholds,
        "rate: measured (peak activations); one, as quantized ReLUs and scaled weights need; "
        "input_current (on the spiking network itself, to train it further; see --preset)");
    add_current_options(command, convert);
    command
        .add_option(
            "--spread", convert.spread,
            "rate: divide input and biases by N (the encoding x/N), so that N steps together "
            "are one float pass")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str()
        ->type_name("N");
    add_choice(command, "--reset", convert.reset,
               "rate: membrane after a spike (integrate_fire): subtract or zero");
    add_choice(command, "--propagation", convert.propagation,
               "rate: when a spike reaches the next layer: same_step or delayed");
    add_choice(command, "--max-rule", convert.max_rule,
               "rate: how max pools decide: running_count or current_step");
    add_choice(command, "--max-pools", convert.max_pools,
               "Max pools before ReLUs: lowered (behind the ReLU) or between_neurons (a layer of "
               "neurons before, another behind)");
    command.add_flag("--pool-neurons", convert.pool_neurons,
                     "Put neurons behind average pools, so that only spikes travel");
    add_choice(command, "--placement", convert.placement,
               "Where activations' scale goes: weights or thresholds");
    add_choice(command, "--weights", convert.weights,
               "Weights of the converted network: float32 (as they are) or int8");
    add_choice(command, "--weight-scale", convert.quantize.scale,
               "int8: one scale per output channel or one per tensor");
    add_choice(command, "--weight-rule", convert.quantize.rule,
               "int8: scale by the maximum (nothing is clipped) or by the least squared_error");
}

void add_calibration_options(CLI::App& command, ConvertCommand& options) {
    MeasureOptions& measure = options.convert.measure;
    add_choice(command, "--per", measure.granularity, "One peak activation per channel or layer");
    command
        .add_option("--percentile", measure.percentile,
                    "Percentile of the activations that counts as their peak; 100: the maximum")
        ->check(CLI::Range(0.001, 100.0))
        ->capture_default_str()
        ->type_name("P");
    add_choice(command, "--percentile-method", measure.method,
               "histogram (fixed memory) or exact (sorts all activations)");
    command
        .add_option("--calibrate", options.calibrate,
                    "Measure activations on the first so many samples, with a --preset 512; 0: all")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str()
        ->type_name("N");
    add_choice(command, "--tune", options.convert.tuning,
               "one_spike, on the same samples without their labels, layer by layer: none; bias "
               "(mean membranes); scale (and thresholds and amplitudes); base (and Q of each "
               "layer); weights (and weights, by least squares)");
    command
        .add_option(
            "--max-loss", options.max_loss,
            "Choose --steps, --base and --tune: the cheapest that changes at most P percent "
            "of the decisions on a fifth of the samples, which is held out; layers wait for all "
            "phases")
        ->check(CLI::Range(0.0, 100.0))
        ->type_name("P");
    command.add_flag("--diagnose", options.diagnose,
                     "Show layer by layer how far spikes are from the float network");
    command
        .add_option("--json", options.json, "Also write notes, choice and diagnosis to this file")
        ->type_name("FILE");
    options.data.add_to(command, Split::train, true);
}

}  // namespace

void add_convert(CLI::App& app, const CommandLine& line) {
    auto options = std::make_shared<ConvertCommand>();
    CLI::App* command = app.add_subcommand("convert", "A spiking network from a ReLU network");
    command->add_option("network", options->network, "Model file")->required()->type_name("FILE");
    command->add_option("-o,--output", options->output, "Model file to write")
        ->required()
        ->type_name("FILE");
    add_coding_options(*command, *options);
    add_calibration_options(*command, *options);
    options->run.add_threads(*command);
    options->run.add_seed(*command);
    command->footer(
        "Examples:\n"
        "  ranvier convert net.safetensors -o snn.safetensors --coding one_spike --steps 16 "
        "--base 1.3 --per channel --calibrate 1000 --data digits\n"
        "  ranvier convert net.safetensors -o rate.safetensors --coding rate --reset subtract "
        "--steps 64 --percentile 99.7 --per layer --calibrate 1000 --data digits\n"
        "  ranvier convert net.safetensors -o diet.safetensors --preset diet --threshold-scale 0.4 "
        "--calibrate 200 --data digits\n"
        "  ranvier convert net.safetensors -o snn.safetensors --max-loss 1 --diagnose --data "
        "digits\n");
    command->callback([options, command, &line] {
        require_used_keys(
            {options->convert, {}, options->max_loss, options->diagnose}, KeyStyle::command_line,
            [command](const char* key) { return command->count(option_name(key)) > 0; });
        run(*options, line);
    });
}

}  // namespace ranvier
