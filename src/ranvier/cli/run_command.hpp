#pragma once

#include "ranvier/cli/commands.hpp"
#include "ranvier/cli/shared_options.hpp"
#include "ranvier/recipe/run_recipe.hpp"

#include <optional>
#include <string>

namespace ranvier {

/// What `run` and `demo` share: runs the recipe, prints stages to standard error and the
/// comparison to standard output.
/// @return whether this process is the first of its group, which alone writes and prints.
/// @param json    file that receives a copy of the result; empty: none.
/// @param device  where to train; none: as the recipe says.
bool run_and_print(const Recipe& recipe, const std::string& out, const std::string& json,
                   const RunArguments& arguments, const CommandLine& line,
                   std::optional<DeviceKind> device = {});

}  // namespace ranvier
