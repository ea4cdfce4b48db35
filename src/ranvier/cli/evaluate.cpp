#include "ranvier/base/file.hpp"
#include "ranvier/cli/shared_options.hpp"
#include "ranvier/report/json.hpp"
#include "ranvier/report/text.hpp"

#include <nlohmann/json.hpp>

namespace ranvier {

namespace {

struct EvaluateOptions {
    std::string network;
    std::string against;
    std::string json;
    std::size_t limit = 0;
    EvaluateRequest request;
    std::string crossbar;  ///< "ROWSxCOLUMNS"
    CrossbarScheme scheme = CrossbarScheme::differential;
    DataArguments data;
    RunArguments run;
};

EvaluationResult evaluate_file(const std::string& file, const EvaluateOptions& options,
                               const RunContext& context) {
    const Network network = load_imported(file);
    EvaluateRequest request = options.request;
    request.network_file = file;
    request.title = file;
    if (!options.crossbar.empty())
        request.crossbar = crossbar_options(options.crossbar, options.scheme);
    request.data = options.data.options(options.limit, options.run.seed);
    if (!network.spiking() && !options.against.empty()) {
        request.steps = 0;
        request.replay = false;
    }
    return run_evaluate(network, request, context);
}

void run(const EvaluateOptions& options, const CommandLine& line) {
    const Launch launch = launch_from_environment();
    const auto processes = connect(launch);
    TerminalProgress progress(processes->first());
    const RunContext context = options.run.context(line, progress, *processes, launch);
    std::vector<EvaluationResult> results = {evaluate_file(options.network, options, context)};
    if (!options.against.empty())
        results.push_back(evaluate_file(options.against, options, context));
    progress.finish();
    processes->finish();
    if (!processes->first()) return;
    if (!options.json.empty()) {
        nlohmann::ordered_json json = to_json(results.front());
        if (results.size() > 1) json["against"] = to_json(results.back());
        write_file(options.json, json_text(json));
    }
    std::string text = evaluation_text(results.front());
    if (results.size() > 1) text += "\n" + comparison_text(results);
    print(text);
}

}  // namespace

void add_evaluate(CLI::App& app, const CommandLine& line) {
    auto options = std::make_shared<EvaluateOptions>();
    CLI::App* command = app.add_subcommand(
        "evaluate", "Accuracy, spikes, operations and energy of a network on a data set");
    command->add_option("network", options->network, "Model file, float or spiking")
        ->required()
        ->type_name("FILE");
    options->data.add_to(*command, Split::test, true);
    command->add_option("--limit", options->limit, "Only the first so many samples; 0: all")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str()
        ->type_name("N");
    command->add_option("--json", options->json, "Also write the result to this file")
        ->type_name("FILE");
    command
        ->add_option("--against", options->against,
                     "Evaluate a second network too and compare, for instance the float network")
        ->type_name("FILE");
    command
        ->add_option("--steps", options->request.steps,
                     "Rate coding: timesteps instead of the network's own; 0: its own")
        ->check(CLI::Range(0, 4096))
        ->capture_default_str()
        ->type_name("N");
    add_choice(
        *command, "--energy", options->request.energy,
        "Prices of operations, 45 nm: fp32, int8, int8_multiplier_only, or auto (int8 where all "
        "weights are)");
    add_choice(*command, "--first-layer", options->request.first_layer,
               "A first layer that receives analog values is paid: once or per_step");
    add_choice(
        *command, "--engine", options->request.engine,
        "What runs spiking networks: reference (every timestep, the judge of the others), "
        "phase (one_spike with W >= T, each layer once), fast (packed spikes, same as reference to "
        "the last bit), or auto (the fastest that can)");
    add_choice(
        *command, "--exit", options->request.exit.kind,
        "Rate coding: decide a sample early when its largest output sum (maximum), or its lead "
        "over the second (margin), exceeds --exit-threshold; or none");
    command
        ->add_option("--exit-threshold", options->request.exit.threshold,
                     "In the unit of the output sums")
        ->capture_default_str()
        ->type_name("X");
    command->add_flag("--replay", options->request.replay,
                      "Event recordings and rate coding: show the events of a frame as they "
                      "happened, in timesteps of --bin-us, instead of their sum at every step; "
                      "--steps then cuts or prolongs each recording");
    command
        ->add_option("--crossbar", options->crossbar,
                     "Also: in-memory arrays of this size that the weights take, and the rows and "
                     "devices that a sample switches on, against the network that does not spike")
        ->type_name("RxC");
    add_choice(*command, "--crossbar-scheme", options->scheme,
               "How a weight becomes devices: docs/energy.md");
    options->run.add_threads(*command);
    options->run.add_seed(*command);
    command->footer(
        "Examples:\n"
        "  ranvier evaluate net.safetensors --data digits --json ann.json\n"
        "  ranvier evaluate snn.safetensors --data digits --limit 200 --threads 2 --against "
        "net.safetensors\n"
        "  ranvier evaluate rate.safetensors --data digits --exit margin --exit-threshold 5\n"
        "  ranvier evaluate rate.safetensors --data digits --crossbar 128x128\n"
        "  ranvier evaluate rate.safetensors --data moving-digits --downsample 4 --crop 112x112 "
        "--replay\n");
    command->callback([options, &line] { run(*options, line); });
}

}  // namespace ranvier
