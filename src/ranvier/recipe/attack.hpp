#pragma once

#include "ranvier/data/dataset.hpp"
#include "ranvier/recipe/attack_stage.hpp"
#include "ranvier/recipe/stages.hpp"

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace ranvier {

struct AttackRequest {
    AttackStage attack;
    DataOptions data;
    std::string network_file;  ///< where the network came from
    /// Black box: what the images are crafted on, with its own timesteps and leaks. Not owned;
    /// null: the attacked network itself.
    const Network* crafted_on = nullptr;
    std::filesystem::path images;  ///< folder for the images as PNG; empty: none
};

/// Attacks a network's images and runs it on them, in the engine that evaluates it. For each
/// method, epsilon, number of timesteps and leak there is a row in the result:
///
///     clean_accuracy, accuracy      of the images as they are, and attacked
///     adversarial_loss              the former minus the latter
///     clean_cross_entropy, cross_entropy      means; a rate-coded network's outputs are divided by
///                                             its timesteps
///     gradient                      that the attack followed: "float", "through_time" or "rate"
///     without_gradient              share of images that the attack had no gradient for
///     target_rate                   targeted: share that is taken for the target, of the others
///     crafting_seconds              of the row's images; black box: rows have the same ones
///
/// The result itself has the keys of the last row too.
/// @throws Error as attack(), open_dataset and the engines; Error(usage) for steps or leaks that do
///         not fit the network, or a surrogate or a kind of gradient where the images are crafted
///         on a float network; Error(unsupported) without LibTorch.
[[nodiscard]] nlohmann::ordered_json run_attack(const Network& network,
                                                const AttackRequest& request,
                                                const RunContext& context);

/// Its rows as a table for the terminal.
[[nodiscard]] std::string attack_text(const nlohmann::ordered_json& result);

}  // namespace ranvier
