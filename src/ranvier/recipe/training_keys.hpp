#pragma once

#include "ranvier/recipe/recipe.hpp"
#include "ranvier/recipe/table_reader.hpp"

namespace ranvier {

/// The keys of a train stage (docs/recipes.md).
/// @throws Error(bad_input) as TableReader, and for a key that has no effect beside the others.
[[nodiscard]] TrainStage read_train(TableReader& reader);

/// Those of a fine_tune stage, which trains a spiking network through time; its defaults are those
/// of the papers.
/// @throws as read_train.
[[nodiscard]] TrainStage read_fine_tune(TableReader& reader);

}  // namespace ranvier
