#include "ranvier/cli/shared_options.hpp"
#include "ranvier/net/counts.hpp"
#include "ranvier/net/model_file.hpp"
#include "ranvier/report/table.hpp"

namespace ranvier {

namespace {

struct ImportOptions {
    std::string model;
    std::string output;
    std::vector<float> mean;
    std::vector<float> std;
    NirOptions nir;
};

void run(const ImportOptions& options) {
    const NirOptions& nir = options.nir;
    const bool asked = nir.steps != 0 || nir.dt != 0 || nir.missing_reset != Reset::subtract;
    if (asked && std::filesystem::path(options.model).extension() != ".nir")
        fail(Fault::usage, "--steps, --dt and --reset are for NIR files (.nir)");
    const Network network = run_import({options.model, options.mean, options.std, nir});
    save_network(network, options.output);
    const LayerSize total = total_size(layer_sizes(network));
    print(fmt::format("{}: {} layers, {} parameters, {} MACs per image, input {}, {} outputs\n",
                      options.output, network.layers.size(), total.parameters,
                      count_text(static_cast<double>(total.macs)), to_string(network.input().shape),
                      total.out.size()));
}

}  // namespace

void add_import(CLI::App& app, const CommandLine& /*line*/) {
    auto options = std::make_shared<ImportOptions>();
    CLI::App* command = app.add_subcommand("import", "A trained network from ONNX or NIR");
    command->add_option("model", options->model, "ONNX file, or NIR file (.nir)")
        ->required()
        ->type_name("FILE");
    command->add_option("-o,--output", options->output, "Model file to write")
        ->required()
        ->type_name("FILE");
    command
        ->add_option("--mean", options->mean,
                     "Mean that the network expects to be subtracted from pixels in [0, 1]: one "
                     "for each channel, or one for all")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("A,B,C");
    command->add_option("--std", options->std, "Standard deviation that they are then divided by")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("A,B,C");
    command
        ->add_option("--steps", options->nir.steps,
                     "NIR: timesteps per sample, which the file does not say (100, or what its "
                     "metadata say)")
        ->check(CLI::Range(1, 1 << 20));
    command
        ->add_option("--dt", options->nir.dt,
                     "NIR: seconds of a timestep (what its metadata say; else 1e-4 where a node "
                     "has a time constant, else 1)")
        ->check(CLI::PositiveNumber);
    add_choice(*command, "--reset", options->nir.missing_reset,
               "NIR: what a neuron without v_reset does after a spike, as in files of before "
               "NIR 1.0.6");
    command->footer(
        "Examples:\n"
        "  ranvier import cifar10_resnet20_bn.onnx -o net.safetensors --mean 0.485,0.456,0.406 "
        "--std 0.229,0.224,0.225\n"
        "  ranvier import lif_norse.nir -o lif.safetensors --steps 200 --reset zero\n");
    command->callback([options] { run(*options); });
}

}  // namespace ranvier
