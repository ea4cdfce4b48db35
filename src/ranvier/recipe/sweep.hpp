#pragma once

#include "ranvier/recipe/grid.hpp"
#include "ranvier/recipe/stages.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ranvier {

struct SweepRequest {
    std::filesystem::path recipe;
    std::vector<std::string> overrides;  ///< for every point, before the grid's
    std::vector<GridAxis> axes;
    std::filesystem::path out;
    std::filesystem::path program;  ///< this program's own file, which runs the points
    int n_processes = 1;            ///< points at a time
    int n_threads = 0;              ///< of each point; 0: all cores
    Progress* progress = &no_progress();
    /// Receives one line when a point is settled; may be empty.
    std::function<void(std::string_view)> say;
};

struct PointResult {
    GridPoint point;
    bool done = false;
    std::string error{};  ///< of a point that failed: one line
    int exit_code = 0;    ///< likewise
    std::string text{};   ///< of a point that is done: its result.json
};

/// Runs a recipe once for each point of a grid, each in OUT/FOLDER by a process of its own
/// (`program run`), whose output goes to OUT/FOLDER.log. Points that are done are not run again.
///
/// Any number of sweeps may work on one OUT at the same time, on one machine or several that share
/// it: a point is taken by locking its byte of OUT/claims, which the system gives up when the
/// process ends, however it ends. Each returns when all points are settled, whoever did them; the
/// points of one that was killed are taken over. A point that failed is not tried again until the
/// next sweep, and does not keep the others from running; OUT/FOLDER.failed says why.
/// @throws Error(usage, bad_input) before anything is started if a point's recipe cannot be read;
///         Error(io).
[[nodiscard]] std::vector<PointResult> run_sweep(const SweepRequest& request);

/// One JSON with the grid and, for each point, its values, its folder, whether it is done, and its
/// result with the keys of result.json.
[[nodiscard]] std::string sweep_json(const SweepRequest& request,
                                     const std::vector<PointResult>& results);

/// A table with a row for each point that was evaluated, then the failed ones with their errors.
[[nodiscard]] std::string sweep_text(const std::vector<PointResult>& results);

}  // namespace ranvier
