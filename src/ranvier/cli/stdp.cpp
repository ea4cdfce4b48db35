#include "ranvier/base/file.hpp"
#include "ranvier/cli/shared_options.hpp"
#include "ranvier/recipe/run_stdp.hpp"
#include "ranvier/recipe/stage_folder.hpp"
#include "ranvier/report/json.hpp"
#include "ranvier/stdp/option_names.hpp"

#include <charconv>
#include <optional>
#include <type_traits>

namespace ranvier {

namespace {

struct StdpArguments {
    StdpStage stage;
    LeakyForm form = LeakyForm::conductance;
    std::optional<int> neurons, steps;
    std::vector<std::string> constants;
    std::string out = "stdp";
    std::string json;
    DataOptions data;
    std::string root = "data";
    std::vector<int> shape;
    RunArguments run;
};

/// Sets one of the options that visit_options knows.
void set_constant(StdpOptions& options, const std::string& assignment) {
    const std::size_t equals = assignment.find('=');
    const std::string name = assignment.substr(0, equals);
    std::vector<std::string> names;
    bool found = false;
    visit_options(options, [&](const std::string& known, auto& value) {
        names.push_back(known);
        if (known != name || equals == std::string::npos) return;
        found = true;
        const char* begin = assignment.data() + equals + 1;
        const char* end = assignment.data() + assignment.size();
        std::remove_reference_t<decltype(value)> number{};
        const auto [rest, error] = std::from_chars(begin, end, number);
        if (error != std::errc() || rest != end)
            fail(Fault::usage, "stdp: --set {}: the value must be a number", assignment);
        value = number;
    });
    if (!found)
        fail(Fault::usage, "stdp: --set {}: must be NAME=NUMBER{}", assignment,
             suggestion(name, names));
}

StdpStage stage_of(const StdpArguments& arguments) {
    StdpStage stage = arguments.stage;
    stage.options = default_options(arguments.form);
    if (arguments.neurons) stage.options.n_neurons = *arguments.neurons;
    if (arguments.steps) stage.options.steps = *arguments.steps;
    for (const std::string& assignment : arguments.constants)
        set_constant(stage.options, assignment);
    return stage;
}

DataOptions data_of(const StdpArguments& arguments) {
    DataOptions data = arguments.data;
    data.root = arguments.root;
    data.seed = arguments.run.seed;
    if (!arguments.shape.empty())
        data.shape = Shape{arguments.shape[0], arguments.shape[1], arguments.shape[2]};
    return data;
}

std::string summary(const nlohmann::ordered_json& result) {
    const auto number = [&](const char* key) { return result.at(key).get<double>(); };
    return fmt::format(
        "accuracy                   {:.2f} +- {:.2f} % ({} images)\n"
        "synapses kept              {} of {:.0f} ({:.1f} %)\n"
        "synaptic events per image  {:.0f} of {:.0f} without pruning\n"
        "excitatory spikes          {:.1f} per image\n"
        "training                   {:.3f} ms per image\n",
        100 * number("accuracy"), 100 * number("accuracy_standard_error"),
        result.at("samples").get<std::uint64_t>(),
        result.at("crosspoints_kept").get<std::uint64_t>(), number("crosspoints"),
        100 * number("kept"), number("synaptic_events_per_image"), number("dense_events_per_image"),
        number("excitatory_spikes_per_image"),
        result.at("training").at("ms_per_image").get<double>());
}

void run(const StdpArguments& arguments, const CommandLine& line) {
    TerminalProgress progress;
    const StdpStage stage = stage_of(arguments);
    const std::filesystem::path out = arguments.out;
    const FolderLock lock(out);
    for (const char* name : {"checkpoint", "fields.png", "model.safetensors", "result.json"})
        remove_unfinished(out / name);  // of a run that was killed
    const StdpOutcome outcome =
        run_stdp_stage(stage, data_of(arguments), out, {}, arguments.run.context(line, progress));
    progress.finish();
    write_file(out / "result.json", json_text(outcome.result));
    if (!arguments.json.empty()) write_file(arguments.json, json_text(outcome.result));
    std::error_code ec;
    if (std::filesystem::remove(out / "checkpoint", ec); ec)
        fail(Fault::io, "{}: cannot be removed: {}", (out / "checkpoint").string(), ec.message());
    print(summary(outcome.result) + fmt::format("result: {}\n", (out / "result.json").string()));
}

void add_data_options(CLI::App& command, StdpArguments& a) {
    command
        .add_option("--data", a.data.set, "Images, as for evaluate; trained on its training part")
        ->required()
        ->type_name("SET");
    command.add_option("--data-root", a.root, "Folder that holds MNIST/raw, ...")
        ->capture_default_str()
        ->type_name("DIR");
    command
        .add_option("--shape", a.shape,
                    "images:DIR: channels, height and width that images are made into")
        ->delimiter(',')
        ->expected(3)
        ->check(CLI::PositiveNumber)
        ->type_name("C,H,W");
    add_choice(command, "--filter", a.data.filter,
               "What becomes of the images first: inverted (1 - x), edges (gradient magnitude)");
}

void add_network_options(CLI::App& command, StdpArguments& a) {
    add_choice(command, "--form", a.form, "What synapses do to membranes");
    command.add_option("--neurons", a.neurons, "Excitatory neurons; without it 400")
        ->type_name("N");
    command.add_option("--steps", a.steps, "Timesteps of 1 ms per image; without it 350")
        ->type_name("N");
    command
        .add_option("--set", a.constants,
                    "NAME=NUMBER: any other constant of network and rule (docs/recipes.md)")
        ->type_name("TEXT")
        ->allow_extra_args(false);
}

void add_training_options(CLI::App& command, StdpArguments& a) {
    const auto count = [&command](const char* name, auto& value, const char* help) {
        command.add_option(name, value, help)
            ->check(CLI::NonNegativeNumber)
            ->capture_default_str()
            ->type_name("N");
    };
    PruneOptions& prune = a.stage.training.prune;
    command.add_option("--epochs", a.stage.training.epochs, "Passes over the training images")
        ->check(CLI::PositiveNumber)
        ->capture_default_str()
        ->type_name("N");
    count("--limit", a.stage.limit, "Train on the first so many images; 0: all");
    add_choice(command, "--prune", prune.kind,
               "Prune weak synapses at intervals: for good, or so that they may grow again");
    command.add_option("--prune-below", prune.threshold, "Weights below this are pruned")
        ->capture_default_str()
        ->type_name("X");
    count("--prune-every", prune.interval, "Training images between two prunings");
    count("--levels", prune.levels, "Conductance levels of what remains; 0: any weight");
    count("--settle", a.stage.training.settle_images,
          "Images after the last pruning for which only thresholds learn");
    add_choice(command, "--readout", a.stage.readout, "How neurons vote for classes");
    count("--label-images", a.stage.label_images,
          "Training images that give neurons their classes; 0: all");
    count("--test-images", a.stage.test_images, "Test on the first so many; 0: all");
    command
        .add_option("--device-sigma", a.stage.device_sigma,
                    "Also test with weights that vary so much between devices, relative")
        ->delimiter(',')
        ->type_name("X,...");
}

}  // namespace

void add_stdp(CLI::App& app, const CommandLine& line) {
    auto arguments = std::make_shared<StdpArguments>();
    CLI::App* command = app.add_subcommand(
        "stdp", "Trains an unsupervised two-layer network, prunes it, and measures it");
    add_data_options(*command, *arguments);
    add_network_options(*command, *arguments);
    add_training_options(*command, *arguments);
    command
        ->add_option("--out", arguments->out,
                     "Folder for the network, a picture of what neurons learned, and the result; "
                     "a training that was stopped continues there")
        ->capture_default_str()
        ->type_name("DIR");
    command->add_option("--json", arguments->json, "Also write the result to this file")
        ->type_name("FILE");
    arguments->run.add_threads(*command);
    arguments->run.add_seed(*command);
    command->footer(
        "Training shows one image after the other on one core; threads share labelling and "
        "testing.\n"
        "Examples:\n"
        "  ranvier stdp --data digits --neurons 100 --limit 1000 --label-images 500 --out stdp\n"
        "  ranvier stdp --data digits --neurons 50 --limit 1000 --prune permanent --prune-below "
        "0.3 --prune-every 500 --levels 2 --settle 200 --label-images 500 --test-images 200 --out "
        "pruned\n");
    command->callback([arguments, &line] { run(*arguments, line); });
}

}  // namespace ranvier
