#include "ranvier/cli/shared_options.hpp"
#include "ranvier/net/model_file.hpp"
#include "ranvier/nir/nir_file.hpp"

namespace ranvier {

namespace {

struct ExportOptions {
    std::string network;
    std::string output;
    bool lossy = false;
    bool float16 = false;
};

void run(const ExportOptions& options) {
    namespace fs = std::filesystem;
    const bool nir = fs::path(options.output).extension() == ".nir";
    if (options.lossy && !nir) fail(Fault::usage, "--lossy is for NIR files (.nir)");
    if (options.float16 && fs::path(options.output).extension() != ".safetensors")
        fail(Fault::usage, "--float16 is for model files (.safetensors)");
    if (nir && fs::path(options.network).extension() == ".nir") {
        write_nir(read_nir(options.network), options.output);
        print(fmt::format("{}: copied\n", options.output));
        return;
    }
    const Network network = load_imported(options.network);
    if (options.float16) {
        save_network(network, options.output, FloatStorage::float16);
        print(fmt::format("{}: written, float weights in float16\n", options.output));
        return;
    }
    const std::vector<std::string> approximations =
        run_export(network, options.output, options.lossy);
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
    command->add_flag(
        "--float16", options->float16,
        "Model files: round float weights to float16 and write half the bytes; biases "
        "stay float32");
    command->footer(
        "Examples:\n"
        "  ranvier export snn.safetensors -o copy.safetensors\n"
        "  ranvier export snn.safetensors -o small.safetensors --float16\n"
        "  ranvier export rate.safetensors -o rate.nir --lossy\n");
    command->callback([options] { run(*options); });
}

}  // namespace ranvier
