#include "ranvier/cli/shared_options.hpp"
#include "ranvier/report/text.hpp"

namespace ranvier {

void add_info(CLI::App& app, const CommandLine& /*line*/) {
    auto file = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("info", "The layers of a network");
    command->add_option("network", *file, "Model file, or ONNX file")
        ->required()
        ->type_name("FILE");
    command->footer(
        "Example:\n"
        "  ranvier info net.safetensors\n");
    command->callback([file] {
        const bool onnx = std::filesystem::path(*file).extension() == ".onnx";
        const Network network = onnx ? run_import({*file, {}, {}}) : load_imported(*file);
        print(network_text(network, *file));
    });
}

}  // namespace ranvier
