#include "ranvier/cli/demo_recipe.hpp"
#include "ranvier/cli/report_command.hpp"
#include "ranvier/cli/run_command.hpp"

#include <fmt/format.h>

namespace ranvier {

namespace {

struct DemoOptions {
    std::string out = "ranvier-demo";
    std::string json;
    RunArguments arguments;
};

void run(const DemoOptions& options, const CommandLine& line) {
    const Recipe recipe =
        parse_recipe(demo_recipe, "demo", {fmt::format("seed={}", options.arguments.seed)});
    if (!run_and_print(recipe, options.out, options.json, options.arguments, line)) return;
    ReportRequest report;
    report.runs = {options.out};
    report.out = (std::filesystem::path(options.out) / "report.html").string();
    try {
        print(write_report(report, line));
    } catch (const Error& error) {
        // The demonstration itself is done; only its page needs the plotting library.
        if (error.fault() != Fault::unsupported) throw;
        tell(fmt::format("no report: {}\n", error.what()));
    }
}

}  // namespace

void add_demo(CLI::App& app, const CommandLine& line) {
    auto options = std::make_shared<DemoOptions>();
    CLI::App* command = app.add_subcommand(
        "demo",
        "Trains a small network on drawn digits, converts it both ways, compares, writes a report");
    command->add_option("--out", options->out, "Folder for networks and results")
        ->capture_default_str()
        ->type_name("DIR");
    command->add_option("--json", options->json, "Also write the result to this file")
        ->type_name("FILE");
    options->arguments.add_threads(*command);
    options->arguments.add_seed(*command);
    command->footer(
        "Example:\n"
        "  ranvier demo --out build/demo\n");
    command->callback([options, &line] { run(*options, line); });
}

}  // namespace ranvier
