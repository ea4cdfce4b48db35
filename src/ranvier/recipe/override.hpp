#pragma once

#include <string>
#include <toml++/toml.h>

namespace ranvier {

/// The name of the stage that `table` describes: its `name`, or else what it does.
[[nodiscard]] std::string stage_name(const toml::table& table);

/// Sets one key of a recipe: "seed=3", "network.file=a.onnx", "data.set=mnist", "STAGE.epochs=2".
/// The value is TOML; what is no TOML is taken as text.
/// @throws Error(bad_input) for a section that does not exist, naming the nearest one.
void override_key(toml::table& root, const std::string& assignment, const std::string& file);

}  // namespace ranvier
