#pragma once

#include <string>
#include <vector>

namespace ranvier {

/// One key of a recipe and the values it is to take.
struct GridAxis {
    std::string key;                  ///< as run_recipe's overrides: seed, data.set, STAGE.KEY
    std::vector<std::string> values;  ///< at least one
};

/// One combination of values.
struct GridPoint {
    std::string label;                   ///< "convert.steps=8 seed=2"
    std::string folder;                  ///< "003-convert.steps=8-seed=2"
    std::vector<std::string> overrides;  ///< "convert.steps=8", "seed=2"
};

/// Reads "KEY=VALUE,VALUE,...". Commas inside brackets and quotes do not separate.
/// @throws Error(usage) for anything else, an empty value included.
[[nodiscard]] GridAxis parse_axis(const std::string& text);

/// All combinations; the last axis changes first, so that values added to the first one leave the
/// numbers of the earlier points as they are.
/// @throws Error(usage) for no axis, a key given twice, or more than 10,000 points.
[[nodiscard]] std::vector<GridPoint> grid_points(const std::vector<GridAxis>& axes);

}  // namespace ranvier
