#include "ranvier/base/file.hpp"
#include "ranvier/cli/report_command.hpp"
#include "ranvier/cli/shared_options.hpp"
#include "ranvier/recipe/saved_run.hpp"
#include "ranvier/recipe/version.hpp"
#include "ranvier/report/page.hpp"

#include <fmt/format.h>

namespace ranvier {

namespace {

/// Where Debian's libjs-chart.js puts it.
constexpr const char* debian_library = "/usr/share/javascript/chart.js/chart.min.js";

struct ReportOptions {
    ReportRequest request;
    std::string crossbar = "128x128";
    CrossbarScheme scheme = CrossbarScheme::differential;
};

std::string read_library(const std::string& file) {
    const std::string path = file.empty() ? debian_library : file;
    if (file.empty() && !std::filesystem::exists(path))
        fail(Fault::unsupported,
             "report: the plotting library Chart.js is not at {}; install it (apt-get install "
             "libjs-chart.js) or name another copy of version 3 with --chart-js FILE",
             path);
    constexpr std::uint64_t most = 16 << 20;
    return read_file(path, most);
}

void refuse_overwriting(const ReportRequest& request) {
    std::error_code none;  // files that do not exist are not equivalent
    for (const std::string& run : request.runs)
        if (std::filesystem::equivalent(run, request.out, none))
            fail(Fault::usage, "report: --output {} would replace a run; name another file",
                 request.out);
}

}  // namespace

std::string write_report(const ReportRequest& request, const CommandLine& line) {
    refuse_overwriting(request);
    std::vector<RunRecord> runs;
    for (const std::string& path : request.runs) runs.push_back(load_run(path, request.crossbars));
    const nlohmann::ordered_json data = page_data(runs, program_version(), line.text);
    const std::string page = page_html(data, read_library(request.chart_library));
    write_file(request.out, page);
    std::size_t n_results = 0;
    for (const auto& run : data["runs"]) n_results += run["evaluations"].size();
    return fmt::format("report: {} (runs: {}, results: {}, {:.0f} kB)\n", request.out, runs.size(),
                       n_results, static_cast<double>(page.size()) / 1000);
}

void add_report(CLI::App& app, const CommandLine& line) {
    auto options = std::make_shared<ReportOptions>();
    CLI::App* command = app.add_subcommand(
        "report", "One HTML page for one or several runs: what was gained, and how");
    command
        ->add_option("runs", options->request.runs,
                     "Folders that run or demo wrote, or JSON files of run, evaluate, convert, "
                     "sweep or stdp")
        ->required()
        ->type_name("RUN");
    command
        ->add_option("-o,--output", options->request.out,
                     "Page to write; it holds all it needs, the plotting library included")
        ->required()
        ->type_name("FILE");
    command
        ->add_option(
            "--crossbar", options->crossbar,
            "Size of the in-memory arrays that the network in a folder's verdict is put on; "
            "none: leave that out")
        ->capture_default_str()
        ->type_name("RxC");
    add_choice(*command, "--crossbar-scheme", options->scheme,
               "How a weight becomes devices: docs/energy.md");
    command
        ->add_option("--chart-js", options->request.chart_library,
                     "Chart.js 3 in one file, instead of that of Debian's package libjs-chart.js")
        ->type_name("FILE");
    command->footer(
        "Examples:\n"
        "  ranvier report demo -o demo.html\n"
        "  ranvier report demo snn.json -o report.html --crossbar 64x64\n");
    command->callback([options, &line] {
        ReportRequest& request = options->request;
        request.crossbars.reset();
        if (options->crossbar != "none")
            request.crossbars = crossbar_options(options->crossbar, options->scheme);
        print(write_report(request, line));
    });
}

}  // namespace ranvier
