#include "ranvier/recipe/stages.hpp"

#include "ranvier/formats/onnx.hpp"
#include "ranvier/net/model_file.hpp"
#include "ranvier/net/shapes.hpp"
#include "ranvier/nir/from_network.hpp"
#include "ranvier/nir/nir_file.hpp"

#include <cmath>

namespace ranvier {

namespace fs = std::filesystem;

namespace {

/// One value per channel from one value per channel, or from one for all.
std::vector<float> per_channel(const std::vector<float>& values, std::int64_t channels,
                               const char* what) {
    const auto n = static_cast<std::size_t>(channels);
    if (values.size() != 1 && values.size() != n)
        fail(Fault::bad_input, "import: {} has {} values, but the network's input has {} channels",
             what, values.size(), n);
    for (const float value : values)
        if (!std::isfinite(value)) fail(Fault::bad_input, "import: {} must be finite", what);
    return values.size() == n ? values : std::vector<float>(n, values.front());
}

void set_normalization(Input& input, const ImportRequest& request) {
    if (!request.mean.empty()) input.mean = per_channel(request.mean, input.shape.channels, "mean");
    if (request.std.empty()) return;
    input.std = per_channel(request.std, input.shape.channels, "std");
    for (const float value : input.std)
        if (!(value > 0)) fail(Fault::bad_input, "import: std is {}; it must be > 0", value);
}

Network read_any(const ImportRequest& request) {
    if (request.file.extension() == ".safetensors") return load_network(request.file);
    if (request.file.extension() == ".nir")
        return network_from_nir(read_nir(request.file), request.nir, request.file.string());
    return import_onnx(request.file);
}

}  // namespace

Network run_import(const ImportRequest& request) {
    Network network = read_any(request);
    set_normalization(network.input(), request);
    (void)infer_shapes(network);
    return network;
}

Network load_imported(const fs::path& file) {
    const bool onnx = file.extension() == ".onnx";
    if ((onnx || file.extension() == ".nir") && fs::is_regular_file(file))
        fail(Fault::bad_input,
             "{}: is {} file; make a model file of it first: ranvier import {} -o net.safetensors",
             file.string(), onnx ? "an ONNX" : "a NIR", file.string());
    return load_network(file);
}

void set_dropout(Network& network, double probability) {
    if (!(probability >= 0 && probability < 1))
        fail(Fault::bad_input, "dropout is {}; allowed is 0 up to, but not, 1", probability);
    bool any = false;
    for (Layer& layer : network.layers)
        if (auto* dropout = layer.as<Dropout>()) {
            dropout->probability = static_cast<float>(probability);
            any = true;
        }
    if (!any)
        fail(
            Fault::usage,
            "dropout is for dropout layers, and this network has none; leave it out, or give it to "
            "the architecture in [network]");
}

void set_leak(Network& network, double leak) {
    if (!(leak >= 0 && leak <= 1))
        fail(Fault::bad_input, "leak is {}; allowed is 0 to 1 (no leak)", leak);
    bool any = false;
    for (Layer& layer : network.layers)
        if (auto* activation = layer.as<Activation>();
            activation != nullptr && (activation->neuron.kind == NeuronKind::leaky_delayed ||
                                      activation->neuron.kind == NeuronKind::leaky_same_step)) {
            activation->neuron.leak = static_cast<float>(leak);
            any = true;
        }
    if (!any)
        fail(Fault::usage,
             "a leak is for leaky neurons, and this network has none; convert with preset "
             "hybrid, diet or iir, or leave it out");
}

std::vector<std::string> run_export(const Network& network, const fs::path& file, bool lossy) {
    if (file.extension() == ".nir") {
        NirExport written =
            with_context("export", [&] { return nir_from_network(network, lossy); });
        write_nir(written.model, file);
        return written.approximations;
    }
    if (file.extension() != ".safetensors")
        fail(Fault::unsupported,
             "export: {}: the format '{}' cannot be written; give the file a name that ends in "
             ".safetensors, which any safetensors reader opens, or in .nir (docs/formats.md)",
             file.string(), file.extension().string());
    save_network(network, file);
    return {};
}

}  // namespace ranvier
