#include "ranvier/cli/shared_options.hpp"
#include "ranvier/nir/nir_file.hpp"

namespace ranvier {

namespace {

struct ExportOptions {
    std::string network;
    std::string output;
    bool lossy = false;
};

void run(const ExportOptions& options) {
    namespace fs = std::filesystem;
    const bool nir = fs::path(options.output).extension() == ".nir";
    if (options.lossy && !nir) fail(Fault::usage, "--lossy is for NIR files (.nir)");
    if (nir && fs::path(options.network).extension() == ".nir") {
        write_nir(read_nir(options.network), options.output);
        print(fmt::format("{}: copied\n", options.output));
        return;
    }
    const std::vector<std::string> approximations =
        run_export(load_imported(options.network), options.output, options.lossy);
    print(fmt::format("{}: written\n", options.output));
    for (const std::string& line : approximations) print(fmt::format("  {}\n", line));
}

}  // namespace

void add_export(CLI::App& app, const CommandLine& /*line*/) {
    auto options = std::make_shared<ExportOptions>();
    CLI::App* command = app.add_subcommand("export", "A network in another program's format");
    command
        ->add_option("network", options->network,
                     "Model file; or a NIR file, which is copied as it is")
        ->required()
        ->type_name("FILE");
    command
        ->add_option("-o,--output", options->output,
                     "File to write; the end of its name says the format: .safetensors or "
                     ".nir (rate-coded networks)")
        ->required()
        ->type_name("FILE");
    command->add_flag("--lossy", options->lossy,
                      "NIR: write what it does not have (reset by subtraction, max pools, ...) as "
                      "the nearest that it has, and list it");
    command->footer(
        "Examples:\n"
        "  ranvier export snn.safetensors -o copy.safetensors\n"
        "  ranvier export rate.safetensors -o rate.nir --lossy\n");
    command->callback([options] { run(*options); });
}

}  // namespace ranvier
