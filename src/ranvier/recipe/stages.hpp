#pragma once

#include "ranvier/base/launch.hpp"
#include "ranvier/base/process_group.hpp"
#include "ranvier/base/progress.hpp"
#include "ranvier/convert/convert.hpp"
#include "ranvier/data/dataset.hpp"
#include "ranvier/energy/crossbar.hpp"
#include "ranvier/energy/ledger.hpp"
#include "ranvier/engine/fast_engine.hpp"
#include "ranvier/net/network.hpp"
#include "ranvier/nir/to_network.hpp"
#include "ranvier/recipe/names.hpp"
#include "ranvier/report/evaluation.hpp"
#include "ranvier/train/graph_trainer.hpp"
#include "ranvier/train/trainer.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ranvier {

/// What every stage needs besides its own options.
struct RunContext {
    std::uint64_t seed = 1;
    int n_threads = 0;                    ///< 0: all cores
    std::string command_line;             ///< goes into results
    Progress* progress = &no_progress();  ///< not null
    /// Share training and evaluation. Not null.
    ProcessGroup* processes = &single_process();
    std::optional<DeviceKind> device{};  ///< where to train, whatever the stage says
};

struct ImportRequest {
    std::filesystem::path file;  ///< .onnx, .nir, or a model file (.safetensors)
    std::vector<float> mean;     ///< of the input: [channels], one value for all, or empty: keep
    std::vector<float> std;      ///< likewise
    NirOptions nir{};            ///< .nir: what the file leaves open
};

/// A trained network from ONNX, NIR or a model file, with its input normalization.
/// @throws Error as import_onnx, read_nir, network_from_nir and load_network; Error(bad_input) if
/// mean or std do not fit.
[[nodiscard]] Network run_import(const ImportRequest& request);

/// A model file for a command that works on imported networks.
/// @throws Error as load_network; for an ONNX or NIR file it says to import it first.
[[nodiscard]] Network load_imported(const std::filesystem::path& file);

struct TrainRequest {
    TrainOptions options;  ///< seed, threads and test set are put in by run_train
    DataOptions data;      ///< evaluate_every measures on all of its test split
};

/// @throws Error as train; Error(unsupported) if the program was built without LibTorch.
[[nodiscard]] TrainResult run_train(const Network& network, const TrainRequest& request,
                                    const RunContext& context);
/// Trains a Text-GCN on the graph of `data`. @throws as run_train.
[[nodiscard]] GraphTrainResult run_train_graph(const GraphTrainOptions& options,
                                               const DataOptions& data, const RunContext& context);
/// The group of processes that a launcher started (base/launch.hpp).
/// @throws Error as train/process_group.hpp; Error(unsupported) for more than one process if the
///         program was built without LibTorch.
[[nodiscard]] std::unique_ptr<ProcessGroup> connect(const Launch& launch);
/// Whether run_train can work.
[[nodiscard]] bool can_train() noexcept;

struct EvaluateRequest {
    std::string title;         ///< in tables
    std::string network_file;  ///< where the network came from
    DataOptions data;
    int steps = 0;  ///< rate coding: instead of the network's own; 0: its own
    EnergyKind energy = EnergyKind::automatic;
    FirstLayer first_layer = FirstLayer::per_step;
    EngineKind engine = EngineKind::automatic;  ///< of spiking networks
    ExitRule exit{};                            ///< rate coding
    /// Event recordings and rate coding: the events of a frame are shown in timesteps as they
    /// happened (engine/replay.hpp), instead of their sum at every step.
    bool replay = false;
    std::optional<CrossbarOptions> crossbar;  ///< also: the network on such arrays
};

/// Runs a float or spiking network on a data set and prices what it did.
/// @throws Error as the engines and open_dataset; Error(usage) for an engine or steps that do not
///         fit the network.
[[nodiscard]] EvaluationResult run_evaluate(const Network& network, const EvaluateRequest& request,
                                            const RunContext& context);

/// Gives all leaky neurons (N2, N3) this leak.
/// @throws Error(bad_input) unless it is in [0, 1]; Error(usage) if there are no such neurons.
void set_leak(Network& network, double leak);

/// Gives all dropout layers this probability.
/// @throws Error(bad_input) unless it is at least 0 and below 1; Error(usage) if there are none.
void set_dropout(Network& network, double probability);

/// Writes a network in the format that the file's name ends with.
/// @param lossy  .nir: approximate what NIR does not have.
/// @return .nir: what was approximated, one line each.
/// @throws Error(unsupported) for any but .safetensors and .nir, and as nir_from_network;
/// Error(io).
std::vector<std::string> run_export(const Network& network, const std::filesystem::path& file,
                                    bool lossy);

}  // namespace ranvier
