#pragma once

#include "ranvier/recipe/recipe.hpp"
#include "ranvier/recipe/stages.hpp"
#include "ranvier/report/evaluation.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ranvier {

struct RecipeRunOptions {
    std::filesystem::path out;  ///< folder that receives everything
    RunContext context;         ///< its seed is not used: a recipe has its own
    /// Receives one line when a stage begins, is done, or was done before; may be empty.
    std::function<void(std::string_view)> say;
};

struct RecipeRunResult {
    std::vector<EvaluationResult> evaluations;  ///< of the evaluate stages, in order
    std::vector<std::string> tables;            ///< of the attack stages, in order
    std::filesystem::path result_file;          ///< OUT/result.json
};

/// Runs a recipe's stages in order. Each leaves in OUT/NN-NAME/
///
///     network.safetensors   the network after the stage
///     result.json           what it did or measured
///     done                  a hash of everything the stage depends on in the recipe; written last
///
/// A stage whose `done` has the right hash is not run again, so that a run that was stopped at any
/// moment continues where it was; training continues from its last checkpoint. The outcome is the
/// same as that of an uninterrupted run. At the end OUT/result.json holds the keys of the last
/// evaluation and, by name, every evaluation.
///
/// The processes of a group (options.context.processes) train and evaluate together; all other
/// stages and every file are process 0's. The others return nothing but the result's path.
/// @throws Error from any stage, with the stage's name before it; Error(io) if another process is
///         running a recipe in OUT.
RecipeRunResult run_recipe(const Recipe& recipe, const RecipeRunOptions& options);

/// Whether all stages of exactly this recipe were finished in `out`.
[[nodiscard]] bool is_done(const Recipe& recipe, const std::filesystem::path& out);

}  // namespace ranvier
