#include "ranvier/recipe/sweep.hpp"

#include "ranvier/base/file.hpp"
#include "ranvier/cli/shared_options.hpp"

#include <algorithm>
#include <system_error>

namespace ranvier {

namespace {

struct SweepOptions {
    SweepRequest request;
    std::vector<std::string> grid;
    std::string recipe, out, json;
    RunArguments arguments;
};

/// The exit code of a point as the fault that it stands for.
Fault fault_of(int exit_code) {
    for (const auto& [code, fault] :
         {std::pair(2, Fault::usage), {3, Fault::bad_input}, {4, Fault::unsupported}})
        if (exit_code == code) return fault;
    return exit_code == 70 ? Fault::internal : Fault::io;
}

void require_all_done(const std::vector<PointResult>& results) {
    const auto failed = [](const PointResult& result) { return !result.done; };
    const auto n_failed = std::count_if(results.begin(), results.end(), failed);
    if (n_failed == 0) return;
    const PointResult& first = *std::find_if(results.begin(), results.end(), failed);
    fail(fault_of(first.exit_code),
         "sweep: {} of {} points failed, the first of them {}: {}; the same command tries them "
         "again",
         n_failed, results.size(), first.point.label, first.error);
}

void run(const SweepOptions& options) {
    const Launch launch = launch_from_environment();
    const bool first = launch.rank == 0;
    TerminalProgress progress(first);
    SweepRequest request = options.request;
    for (const std::string& axis : options.grid) request.axes.push_back(parse_axis(axis));
    request.recipe = options.recipe;
    request.out = options.out;
    request.program = std::filesystem::read_symlink("/proc/self/exe");
    request.n_threads =
        threads_of_each(options.arguments.threads, request.n_processes * launch.local_size);
    request.progress = &progress;
    if (first)
        request.say = [&progress](std::string_view text) {
            progress.finish();
            tell(fmt::format("{}\n", text));
        };
    const std::vector<PointResult> results = run_sweep(request);
    progress.finish();
    if (first) {
        const std::string json = sweep_json(request, results);
        const std::string file = (request.out / "sweep.json").string();
        write_file(file, json);
        if (!options.json.empty()) write_file(options.json, json);
        print(fmt::format("{}\nresult: {}\n", sweep_text(results), file));
    }
    require_all_done(results);
}

}  // namespace

void add_sweep(CLI::App& app, const CommandLine& /*line*/) {
    auto options = std::make_shared<SweepOptions>();
    CLI::App* command = app.add_subcommand(
        "sweep", "A recipe once for each point of a grid of values, several at a time");
    command->add_option("recipe", options->recipe, "TOML file; docs/recipes.md lists its keys")
        ->required()
        ->type_name("FILE");
    command
        ->add_option("--grid", options->grid,
                     "A key of the recipe and its values, as for run --set; given several times, "
                     "all combinations are run")
        ->required()
        ->type_name("KEY=VALUE,VALUE,...")
        ->allow_extra_args(false);
    command
        ->add_option("--out", options->out,
                     "Folder that receives a run in NNN-... for each point, and sweep.json")
        ->required()
        ->type_name("DIR");
    command
        ->add_option("--set", options->request.overrides,
                     "Change a key of the recipe at all points; may be given several times")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    command->add_option("--json", options->json, "Also write all points' results to this file")
        ->type_name("FILE");
    command
        ->add_option("--processes", options->request.n_processes,
                     "Points at a time, by each process that a launcher started")
        ->check(CLI::Range(1, 4096))
        ->capture_default_str()
        ->type_name("N");
    options->arguments.add_threads(*command);
    command->footer(
        "Points that are done are not run again; those that failed are. Under torchrun, mpirun or "
        "srun\nall processes share the points, on machines that share DIR (docs/distributed.md).\n"
        "Examples:\n"
        "  ranvier sweep experiments/demo.toml --out sweep --grid convert_one_spike.steps=8,16 "
        "--grid convert_one_spike.base=1.3,auto\n"
        "  ranvier sweep experiments/demo.toml --out seeds --grid seed=1,2 --processes 2 --threads "
        "1 --json seeds.json\n");
    command->callback([options] { run(*options); });
}

}  // namespace ranvier
