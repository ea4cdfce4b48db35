#include "ranvier/base/file.hpp"
#include "ranvier/cli/run_command.hpp"
#include "ranvier/report/text.hpp"

#include <optional>

namespace ranvier {

namespace {

struct RunOptions {
    std::string recipe;
    std::string out;
    std::string json;
    std::vector<std::string> overrides;
    std::optional<std::uint64_t> seed;
    std::optional<DeviceKind> device;
    RunArguments arguments;
};

void run(const RunOptions& options, const CommandLine& line) {
    std::vector<std::string> overrides = options.overrides;
    if (options.seed) overrides.push_back(fmt::format("seed={}", *options.seed));
    const Recipe recipe = load_recipe(options.recipe, overrides);
    const std::string name = std::filesystem::path(options.recipe).stem().string();
    run_and_print(recipe, options.out.empty() ? "runs/" + name : options.out, options.json,
                  options.arguments, line, options.device);
}

}  // namespace

bool run_and_print(const Recipe& recipe, const std::string& out, const std::string& json,
                   const RunArguments& arguments, const CommandLine& line,
                   std::optional<DeviceKind> device) {
    const Launch launch = launch_from_environment();
    const auto processes = connect(launch);
    TerminalProgress progress(processes->first());
    RecipeRunOptions options;
    options.out = out;
    options.context = arguments.context(line, progress, *processes, launch);
    options.context.device = device;
    options.say = [&progress](std::string_view text) {
        if (interrupted()) throw Interrupted{};
        progress.finish();
        tell(fmt::format("{}\n", text));
    };
    const RecipeRunResult result = run_recipe(recipe, options);
    progress.finish();
    processes->finish();
    if (!processes->first()) return false;
    if (!json.empty()) write_file(json, read_file(result.result_file));
    std::string text;
    if (!result.evaluations.empty()) text = comparison_text(result.evaluations) + "\n";
    for (const std::string& table : result.tables) text += table + "\n";
    print(text + fmt::format("result: {}\n", result.result_file.string()));
    return true;
}

void add_run(CLI::App& app, const CommandLine& line) {
    auto options = std::make_shared<RunOptions>();
    CLI::App* command = app.add_subcommand(
        "run", "The stages of a recipe, continuing where an earlier run stopped");
    command->add_option("recipe", options->recipe, "TOML file; docs/recipes.md lists its keys")
        ->required()
        ->type_name("FILE");
    command
        ->add_option("--out", options->out,
                     "Folder for networks and results; default: runs/NAME-OF-RECIPE")
        ->type_name("DIR");
    command
        ->add_option("--set", options->overrides,
                     "Change a key of the recipe: seed=3, data.root=DIR, STAGE.epochs=2; may be "
                     "given several times")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    command->add_option("--json", options->json, "Also write the result to this file")
        ->type_name("FILE");
    command->add_option("--seed", options->seed, "Instead of the recipe's own")
        ->check(CLI::NonNegativeNumber)
        ->type_name("N");
    command
        ->add_option_function<std::string>(
            "--device",
            [options](const std::string& word) {
                options->device = value_named<DeviceKind>(word, "--device");
            },
            "Where train stages run, instead of what the recipe says: cpu or cuda")
        ->check(CLI::IsMember(all_names<DeviceKind>()))
        ->type_name("WORD");
    options->arguments.add_threads(*command);
    command->footer(
        "Examples:\n"
        "  ranvier run experiments/demo.toml --out demo\n"
        "  ranvier run experiments/demo.toml --out quick --set train.epochs=1 --set "
        "train.limit=500 --seed 2\n");
    command->callback([options, &line] { run(*options, line); });
}

}  // namespace ranvier
