#pragma once

#include "ranvier/data/dataset.hpp"
#include "ranvier/recipe/stages.hpp"
#include "ranvier/recipe/stdp_stage.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

namespace ranvier {

struct StdpOutcome {
    Network network;  ///< the synapses (synapses_as_network)
    nlohmann::ordered_json result;
};

/// @param data      of the recipe; split and limit are the stage's own.
/// @param folder    receives model.safetensors and fields.png; training continues from
///                  its `checkpoint`.
/// @param compared  the result of the stage to compare with, or null.
/// @throws Error as train_stdp and open_dataset.
[[nodiscard]] StdpOutcome run_stdp_stage(const StdpStage& stage, const DataOptions& data,
                                         const std::filesystem::path& folder,
                                         const nlohmann::ordered_json& compared,
                                         const RunContext& context);

}  // namespace ranvier
