#pragma once

#include "ranvier/cli/commands.hpp"
#include "ranvier/cli/shared_options.hpp"
#include "ranvier/recipe/run_recipe.hpp"

#include <string>

namespace ranvier {

/// What `run` and `demo` share: runs the recipe, prints stages to standard error and the
/// comparison to standard output.
/// @param json  file that receives a copy of the result; empty: none.
void run_and_print(const Recipe& recipe, const std::string& out, const std::string& json,
                   const RunArguments& arguments, const CommandLine& line);

}  // namespace ranvier
