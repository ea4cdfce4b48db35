#pragma once

#include "ranvier/convert/convert.hpp"
#include "ranvier/data/dataset.hpp"
#include "ranvier/engine/fast_engine.hpp"
#include "ranvier/net/architectures.hpp"
#include "ranvier/recipe/attack_stage.hpp"
#include "ranvier/recipe/names.hpp"
#include "ranvier/recipe/stdp_stage.hpp"
#include "ranvier/train/graph_trainer.hpp"
#include "ranvier/train/trainer.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ranvier {

/// Where a recipe's first network comes from: a file, or an architecture with random weights.
struct NetworkSpec {
    std::filesystem::path file;   ///< .onnx or .safetensors; relative to the working directory
    std::string architecture;     ///< one of architecture_names()
    std::optional<Shape> input;   ///< architecture: instead of the data's own shape
    ArchitectureOptions options;  ///< architecture
    int classes = 0;              ///< architecture: instead of the data's own number; 0: the data's
    std::vector<float> mean;      ///< of the input, as ImportRequest
    std::vector<float> std;
};

struct TrainStage {
    TrainOptions options;
    std::optional<NeuronKind> neuron{};  ///< what activations become first: relu, quantized_relu
    std::optional<double> dropout{};     ///< train: of all dropout layers, first
    int steps = 0;                       ///< fine_tune: new number of timesteps; 0: as it is
    std::optional<double> leak{};        ///< fine_tune: of all neurons, first
    std::size_t limit = 0;               ///< train on the first so many samples; 0: all
};

/// Scales weights: of the first layer, and so that activations have a common peak.
struct RescaleStage {
    float first_layer = 1;
    /// The first layer's factor is this times multiply-accumulates / SynOps; 0: first_layer.
    double synops_per_mac = 0;
    bool normalize = false;  ///< activations, before the first layer is scaled
    MeasureOptions measure{.granularity = Granularity::layer, .percentile = 99.99};
    std::size_t calibrate = 1000;  ///< training samples to measure activations on
};

/// Trains a Text-GCN on the graph of the data, from nothing.
struct TrainGraphStage {
    GraphTrainOptions options;
};

/// Makes the network run faster without changing what it computes.
struct FoldStage {};

/// Makes weights int8; folds batch norm first, which would rescale them.
struct QuantizeStage {
    QuantizeOptions options;
};

struct ConvertStage {
    ConvertOptions options;
    Split split = Split::train;
    std::size_t calibrate = 1000;    ///< samples to measure activations on
    std::optional<double> max_loss;  ///< as ConvertRequest
    bool diagnose = false;
};

struct EvaluateStage {
    Split split = Split::test;
    std::size_t limit = 0;
    int steps = 0;
    EnergyKind energy = EnergyKind::automatic;
    FirstLayer first_layer = FirstLayer::per_step;
    EngineKind engine = EngineKind::automatic;
    ExitRule exit{};
    bool replay = false;
    std::optional<CrossbarOptions> crossbar;
    bool layers = true;  ///< a row per layer in the result
};

struct ExportStage {
    std::string file;  ///< inside the stage's folder
};

struct Stage {
    std::string kind;                 ///< the recipe's `do`
    std::string name;                 ///< unique; part of the folder's name
    std::optional<std::size_t> from;  ///< the stage whose network it takes; none: the first network
    std::variant<TrainStage, TrainGraphStage, FoldStage, QuantizeStage, RescaleStage, ConvertStage,
                 EvaluateStage, ExportStage, StdpStage, AttackStage>
        work;
    std::optional<std::size_t> also;  ///< another stage whose network it needs
    std::string text;                 ///< its table, for the hash that says whether it is done
};

/// A list of stages and what they work on.
struct Recipe {
    std::string name;  ///< the file's, for messages
    std::uint64_t seed = 1;
    NetworkSpec network;
    DataOptions data;  ///< split and limit are the stages' own
    std::vector<Stage> stages;
    std::string text;  ///< as run, overrides included
    std::string head;  ///< network, data and seed, for the hash
};

/// @param text       TOML; docs/recipes.md lists the keys.
/// @param name       stands in messages.
/// @param overrides  "seed=3", "data.set=mnist", "train.epochs=2": SECTION.KEY=VALUE where SECTION
///                   is network, data or a stage's name.
/// @throws Error(bad_input) naming file, line, what was found and what is allowed; for an unknown
///         key the nearest known one.
[[nodiscard]] Recipe parse_recipe(const std::string& text, const std::string& name,
                                  const std::vector<std::string>& overrides = {});

/// @throws also Error(io).
[[nodiscard]] Recipe load_recipe(const std::filesystem::path& file,
                                 const std::vector<std::string>& overrides = {});

}  // namespace ranvier
