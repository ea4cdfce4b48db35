#include "ranvier/cli/shared_options.hpp"
#include "ranvier/data/event_recording.hpp"
#include "ranvier/energy/crossbar.hpp"
#include "ranvier/engine/fast_engine.hpp"
#include "ranvier/engine/fast_plan.hpp"
#include "ranvier/kernels/isa.hpp"
#include "ranvier/nir/nir_file.hpp"
#include "ranvier/report/table.hpp"
#include "ranvier/report/text.hpp"
#include "ranvier/sim/float_engine.hpp"

#include <fmt/format.h>

namespace ranvier {

namespace {

std::string plan_text(const Network& network) {
    const FastPlan plan(network);
    const CostModel& costs = machine_costs();
    const std::size_t chunk = plan.phase_coded() ? 1 : chunk_steps(plan.reference().n_steps);
    const std::string kept =
        plan.phase_coded()
            ? fmt::format("all {} phases of an image at once", network.timing.steps)
            : fmt::format("whatever the number of timesteps, in chunks of {}", chunk);
    const char* note =
        network.spiking() && runs_densely(network)
            ? "used with --engine fast; this network waits for all its input, and auto "
              "takes the phase engine\n"
            : "";
    Table table({"layer", "does", "kernel"});
    for (const PlanLine& line : plan.lines()) table.add_row({line.layer, line.does, line.kernel});
    return fmt::format(
        "\nplan of the fast engine, instruction set {}\n{}{}"
        "state per sample: {:.2f} MB and its events, {}\n"
        "measured on this machine, ns for 64 outputs: float event {:.2f}, int8 event {:.2f}, 32 "
        "bits of AND-popcount {:.2f}, dense float input {:.2f}; for up to 512 outputs: bit event "
        "{:.2f}, collecting a tap's events in one step {:.2f}\n",
        isa_in_use(), note, table.text(), static_cast<double>(plan.bytes_per_sample(chunk)) / 1e6,
        kept, costs.float_row, costs.int8_row, costs.popcount_word, costs.dense_row, costs.bit_row,
        costs.list);
}

struct InfoArguments {
    std::string file;
    bool plan = false;
    std::string crossbar;  ///< "ROWSxCOLUMNS"
    CrossbarScheme scheme = CrossbarScheme::differential;
};

std::string crossbar_text(const Network& network, const InfoArguments& arguments) {
    const CrossbarOptions options = crossbar_options(arguments.crossbar, arguments.scheme);
    const CrossbarMap map = map_onto_crossbars(network, options);
    Table table(
        {"layer", "rows", "columns", "arrays", "cells", "kept", "used", "windows", "rows/spike"});
    for (const CrossbarLayer& layer : map.layers)
        table.add_row({layer.name, std::to_string(layer.rows), std::to_string(layer.columns),
                       std::to_string(layer.arrays), std::to_string(layer.cells),
                       std::to_string(layer.cells_kept),
                       fmt::format("{:.1f} %", 100 * layer.utilization),
                       std::to_string(layer.windows), fmt::format("{:.3g}", layer.rows_per_spike)});
    return fmt::format(
        "\ncrossbars of {} x {} cells, scheme {}\n{}{} arrays, {} cells, {} kept, {:.1f} % used\n",
        options.rows, options.columns, name_of(options.scheme), table.text(), map.arrays, map.cells,
        map.cells_kept, 100 * map.utilization);
}

/// The graph as the file has it, then what Ranvier makes of it.
std::string nir_file_text(const std::string& file) {
    const NirModel model = read_nir(file);
    std::string text = nir_text(model, file);
    try {
        return text + "\n" + network_text(network_from_nir(model, {}, file), file);
    } catch (const Error& error) {
        return text + fmt::format("\ncannot be run: {}\n", error.what());
    }
}

}  // namespace

void add_info(CLI::App& app, const CommandLine& /*line*/) {
    auto arguments = std::make_shared<InfoArguments>();
    CLI::App* command =
        app.add_subcommand("info", "The layers of a network, or what a recording of events holds");
    command
        ->add_option(
            "network", arguments->file,
            "Model file, ONNX file, NIR file, or a recording of an event camera (.aedat, .aedat4, "
            ".bin, .bs2, .dat, .raw, .es)")
        ->required()
        ->type_name("FILE");
    command->add_flag(
        "--plan", arguments->plan,
        "Spiking networks: which kernel computes each layer in the fast engine, and what "
        "the choice depends on");
    command
        ->add_option("--crossbar", arguments->crossbar,
                     "Also: how many in-memory arrays of this size the weights take")
        ->type_name("RxC");
    add_choice(*command, "--crossbar-scheme", arguments->scheme,
               "How a weight becomes devices: docs/energy.md");
    command->footer(
        "Examples:\n"
        "  ranvier info net.safetensors\n"
        "  ranvier info snn.safetensors --plan\n"
        "  ranvier info net.safetensors --crossbar 128x128\n"
        "  ranvier info graph.nir\n"
        "  ranvier info recording.bin\n");
    command->callback([arguments] {
        const std::string& file = arguments->file;
        if (is_recording(file)) {
            print(recording_text(read_events(file), file));
            return;
        }
        const bool nir = std::filesystem::path(file).extension() == ".nir";
        if (nir && !arguments->plan && arguments->crossbar.empty()) {
            print(nir_file_text(file));
            return;
        }
        const bool onnx = nir || std::filesystem::path(file).extension() == ".onnx";
        const Network network = onnx ? run_import({file, {}, {}}) : load_imported(file);
        std::string text = network_text(network, file);
        if (arguments->plan) text += plan_text(network);
        if (!arguments->crossbar.empty()) text += crossbar_text(network, *arguments);
        print(text);
    });
}

}  // namespace ranvier
