#include "ranvier/cli/shared_options.hpp"

namespace ranvier {

namespace {

struct ExportOptions {
    std::string network;
    std::string output;
};

void run(const ExportOptions& options) {
    run_export(load_imported(options.network), options.output);
    print(fmt::format("{}: written\n", options.output));
}

}  // namespace

void add_export(CLI::App& app, const CommandLine& /*line*/) {
    auto options = std::make_shared<ExportOptions>();
    CLI::App* command = app.add_subcommand("export", "A network in another program's format");
    command->add_option("network", options->network, "Model file")->required()->type_name("FILE");
    command
        ->add_option("-o,--output", options->output,
                     "File to write; the end of its name says the format: .safetensors")
        ->required()
        ->type_name("FILE");
    command->footer(
        "Example:\n"
        "  ranvier export snn.safetensors -o copy.safetensors\n");
    command->callback([options] { run(*options); });
}

}  // namespace ranvier
