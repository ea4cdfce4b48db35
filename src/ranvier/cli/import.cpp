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
};

void run(const ImportOptions& options) {
    const Network network = run_import({options.model, options.mean, options.std});
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
    CLI::App* command = app.add_subcommand("import", "A trained network from ONNX");
    command->add_option("model", options->model, "ONNX file")->required()->type_name("FILE");
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
    command->footer(
        "Example:\n"
        "  ranvier import cifar10_resnet20_bn.onnx -o net.safetensors --mean 0.485,0.456,0.406 "
        "--std 0.229,0.224,0.225\n");
    command->callback([options] { run(*options); });
}

}  // namespace ranvier
